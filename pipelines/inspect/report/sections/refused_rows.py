"""Rejected rows: the quarantine, and rows for which later jobs have no text, vector or negative."""

from dataclasses import dataclass

from pipelines.inspect.report.cards.excerpt import readable
from pipelines.inspect.report.settings import SampleSizes
from pipelines.inspect.report.sql_reader import Reader, Row
from schemas.datasets import ANNOTATIONS, EMBEDDINGS, QUARANTINE, SHORTFALLS

_QUARANTINE = """
    select source, reason, count(*) as rows,
           arg_min({id: id, detail: detail}, md5(id || coalesce(detail, '') || $seed), $examples) as examples
    from quarantine group by source, reason order by source, rows desc, reason
"""
_FAILURES = {
    ANNOTATIONS: ("pictures without a text", "select kind || ': ' || reason as reason"),
    EMBEDDINGS: ("items without a vector", "select reason"),
    SHORTFALLS: ("pairs with too few negatives", "select reason"),
}
DETAIL = 240
"""Maximum length of a detail, characters."""


@dataclass(frozen=True, slots=True)
class RejectedRows:
    """Rejected rows of one source and reason."""

    source: str
    reason: str
    rows: int
    examples: tuple[tuple[str, str], ...]
    """id and detail of some rows."""


def quarantine(reader: Reader, settings: SampleSizes, seed: int) -> list[RejectedRows]:
    """List the rows that intake rejected, by reason, with examples."""
    if not reader.has(QUARANTINE.name):
        return []
    rows = reader.rows(_QUARANTINE, [QUARANTINE.name], {"seed": f" {seed}", "examples": max(1, settings.refused)})
    return [_rejected(row, settings.refused) for row in rows]


def later_failures(reader: Reader) -> list[RejectedRows]:
    """Count failed rows of later datasets by reason; these datasets contain such rows themselves."""
    failures = []
    for table, (name, select) in _FAILURES.items():
        if reader.has(table.name):
            query = (
                f"{select}, count(*) as rows from {table.name} where reason is not null group by all order by rows desc, reason"
            )
            failures += [RejectedRows(name, row["reason"], row["rows"], ()) for row in reader.rows(query, [table.name])]
    return failures


def _rejected(row: Row, most: int) -> RejectedRows:
    examples = tuple((readable(e["id"]), _short(readable(e["detail"] or ""))) for e in row["examples"][:most])
    return RejectedRows(row["source"], row["reason"], row["rows"], examples)


def _short(detail: str) -> str:
    return detail if len(detail) <= DETAIL else detail[:DETAIL] + "…"
