"""Rules of keys: a key identifies one row."""

from pipelines.inspect.audit.rule import Rule
from pipelines.workspace.duckdb import quoting
from pipelines.workspace.duckdb.datasets import BY_SPLIT, VIEWS, parts
from schemas.datasets import QUARANTINE
from schemas.table import Table


def _unique(table: Table) -> Rule:
    key = [".".join(quoting.name(part) for part in column.split(".")) for column in table.key]
    key += ["split"] if table.name in BY_SPLIT else []
    columns = ", ".join(f"cast({column} as varchar)" for column in key)
    return Rule(
        sentence=f"{table.name}: one row for each {', '.join(table.key)}",
        needs=tuple(parts(table)[:1]),
        query=f"select concat_ws(' ', {columns}) as id, count(*) || ' rows' as detail from {quoting.name(table.name)} "
        f"group by {', '.join(key)} having count(*) > 1",
    )


# Rejected rows may be identical: a note that occurs three times in the input is rejected twice.
RULES = tuple(_unique(table) for table in VIEWS if table.name != QUARANTINE.name)
