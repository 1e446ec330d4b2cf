"""Which pairs are shown: those with the lowest scores, and some drawn by a hash of their names."""

from typing import NamedTuple

from pipelines.inspect.report.settings import Sampled
from pipelines.inspect.report.sql_reader import Reader, Row
from schemas.datasets import POSITIVES

BORDERLINE, DRAWN = "borderline", "drawn"

_CHOSEN = """
    select granularity, task, min(score) < max(score) as differ,
           arg_min(pair_id, {score: score, dice: md5(pair_id || $seed)}, $borderline) as lowest,
           arg_min(pair_id, md5(pair_id || $seed), $both) as drawn
    from positives group by granularity, task order by granularity, task
"""
_ROWS = "select * from positives where pair_id in (select unnest($ids)) order by granularity, task, pair_id"


class Chosen(NamedTuple):
    """A pair that is shown."""

    row: Row
    """POSITIVES."""
    why: str
    """BORDERLINE or DRAWN."""


def chosen_pairs(reader: Reader, settings: Sampled, seed: int) -> dict[tuple[str, str], list[Chosen]]:
    """The pairs that are shown, by granularity and task: the borderline ones first, by rising score, then the drawn ones.

    Cost: two passes over the positives: one over ids and scores, with heaps of the sample's size for each group, and one for
    the rows themselves.
    """
    values = {"seed": f" {seed}", "borderline": max(1, settings.borderline), "both": settings.borderline + settings.drawn or 1}
    names: dict[str, str] = {}
    for group in reader.rows(_CHOSEN, [POSITIVES.name], values):
        lowest = group["lowest"][: settings.borderline] if group["differ"] else []
        others = [name for name in group["drawn"] if name not in lowest][: settings.borderline + settings.drawn - len(lowest)]
        names |= dict.fromkeys(lowest, BORDERLINE) | dict.fromkeys(others, DRAWN)
    rows = reader.rows(_ROWS, [POSITIVES.name], {"ids": list(names)}) if names else []
    found: dict[tuple[str, str], list[Chosen]] = {}
    for row in sorted(rows, key=lambda row: (names[row["pair_id"]], row["score"], row["pair_id"])):
        found.setdefault((row["granularity"], row["task"]), []).append(Chosen(row, names[row["pair_id"]]))
    return found
