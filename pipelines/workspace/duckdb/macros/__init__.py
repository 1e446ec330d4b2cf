"""SQL macros, one per file: a description in the first line, then the query."""

from importlib.resources import files

import duckdb

from pipelines.workspace.duckdb import quoting

MACROS = ("explain_pair", "pairs_of", "why_dropped", "funnel", "leaks")


def create_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """Create all of MACROS in a database; the views and tables that they use must exist."""
    for macro in MACROS:
        source = (files(__package__) / f"{macro}.sql").read_text(encoding="utf8")
        about = source.splitlines()[0].removeprefix("-- ")
        connection.execute(source)
        connection.execute(f"comment on macro table {macro} is {quoting.text(about)}")
