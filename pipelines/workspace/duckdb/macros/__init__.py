"""Macros, a file each: what it answers in its first line, then the query. `create_macros` makes them in a database."""

from importlib.resources import files

import duckdb

from pipelines.workspace.duckdb import quoting

MACROS = ("explain_pair", "pairs_of", "why_dropped", "funnel", "leaks")


def create_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """Create all of MACROS; the views and tables that they ask must be there."""
    for macro in MACROS:
        source = (files(__package__) / f"{macro}.sql").read_text(encoding="utf8")
        about = source.splitlines()[0].removeprefix("-- ")
        connection.execute(source)
        connection.execute(f"comment on macro table {macro} is {quoting.text(about)}")
