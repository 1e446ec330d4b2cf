"""Tables whose log lists the files that count: Delta and Iceberg."""
