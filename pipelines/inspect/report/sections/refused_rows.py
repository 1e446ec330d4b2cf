"""What was refused: the quarantine, and rows that later jobs gave no text, vector or negative for."""

from dataclasses import dataclass

from pipelines.inspect.report.cards.excerpt import readable
from pipelines.inspect.report.settings import Sampled
from pipelines.inspect.report.sql_reader import Reader, Row
from schemas.datasets import ANNOTATIONS, EMBEDDINGS, QUARANTINE, SHORTFALLS

_QUARANTINE = """
    select source, reason, count(*) as rows,
           arg_min({id: id, detail: detail}, md5(id || coalesce(detail, '') || $seed), $shown) as examples
    from quarantine group by source, reason order by source, rows desc, reason
"""
_LATER = {
    ANNOTATIONS: ("pictures without a text", "select kind || ': ' || reason as reason"),
    EMBEDDINGS: ("items without a vector", "select reason"),
    SHORTFALLS: ("pairs with fewer negatives than wanted", "select reason"),
}
DETAIL = 240
"""Characters of a detail that are shown."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The rows of one source and reason."""

    source: str
    reason: str
    rows: int
    examples: tuple[tuple[str, str], ...]
    """id and detail."""


def quarantine(reader: Reader, settings: Sampled, seed: int) -> list[Refused]:
    """What intake refused, with some rows of each reason."""
    if not reader.has(QUARANTINE.name):
        return []
    rows = reader.rows(_QUARANTINE, [QUARANTINE.name], {"seed": f" {seed}", "shown": max(1, settings.refused)})
    return [_refused(row, settings.refused) for row in rows]


def later(reader: Reader) -> list[Refused]:
    """Reasons of the datasets that keep such rows themselves, by count."""
    found = []
    for table, (name, select) in _LATER.items():
        if reader.has(table.name):
            query = (
                f"{select}, count(*) as rows from {table.name} where reason is not null group by all order by rows desc, reason"
            )
            found += [Refused(name, row["reason"], row["rows"], ()) for row in reader.rows(query, [table.name])]
    return found


def _refused(row: Row, shown: int) -> Refused:
    examples = tuple((readable(e["id"]), _short(readable(e["detail"] or ""))) for e in row["examples"][:shown])
    return Refused(row["source"], row["reason"], row["rows"], examples)


def _short(detail: str) -> str:
    return detail if len(detail) <= DETAIL else detail[:DETAIL] + "…"
