"""Quotes names and texts for SQL."""


def text(value: str) -> str:
    """Quote a string literal."""
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """Quote an identifier: a table, a column."""
    return '"' + value.replace('"', '""') + '"'
