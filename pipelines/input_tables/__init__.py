"""People's files as they are: list them, look at each of them, read exactly those, by name. No engine."""
