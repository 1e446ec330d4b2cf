"""People's files as they are: list them, look at each of them, read exactly those, by name. No engine.

`open_table` and `column_check` come first, `parts` and `read_part` in tasks, `our_rows` last. Below them: `files` (places,
listings, bytes), `table_logs` (Delta, Iceberg), `formats` (Parquet, CSV, JSON) and `values` (theirs as ours).
"""
