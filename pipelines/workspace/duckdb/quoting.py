"""How names and texts stand in SQL."""


def text(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """An identifier: a table, a column."""
    return '"' + value.replace('"', '""') + '"'
