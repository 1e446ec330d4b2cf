"""Samples pairs and variants for the page: those with the lowest scores, and some drawn by a hash of their ids."""

from typing import NamedTuple

from pipelines.inspect.report.settings import SampleSizes
from pipelines.inspect.report.sql_reader import Reader, Row

BORDERLINE, DRAWN = "borderline", "drawn"

_SAMPLED_IDS = """
    select granularity, task, min(score) < max(score) as differ,
           arg_min(pair_id, {{score: score, hash: md5(pair_id || $seed)}}, $borderline) as lowest,
           arg_min(pair_id, md5(pair_id || $seed), $both) as drawn
    from {pairs} group by granularity, task order by granularity, task
"""
_ROWS = "select * from {pairs} where pair_id in (select unnest($ids)) order by granularity, task, pair_id"


class SampledPair(NamedTuple):
    """A pair on the page, and why it was sampled."""

    row: Row
    """POSITIVES, or VARIANTS with neither component nor split."""
    why: str
    """BORDERLINE or DRAWN."""


def sample_pairs(reader: Reader, settings: SampleSizes, seed: int) -> dict[tuple[str, str], list[SampledPair]]:
    """Sample pairs by granularity and task: the borderline ones first, by increasing score, then the drawn ones.

    Cost: two passes over positives and variants: one over ids and scores, with heaps of the sample's size for each group, and
    one for the rows themselves.
    """
    values = {"seed": f" {seed}", "borderline": max(1, settings.borderline), "both": settings.borderline + settings.drawn or 1}
    source, datasets = reader.pairs()
    reasons: dict[str, str] = {}
    for group in reader.rows(_SAMPLED_IDS.format(pairs=source), datasets, values):
        lowest = group["lowest"][: settings.borderline] if group["differ"] else []
        others = [name for name in group["drawn"] if name not in lowest][: settings.borderline + settings.drawn - len(lowest)]
        reasons |= dict.fromkeys(lowest, BORDERLINE) | dict.fromkeys(others, DRAWN)
    rows = reader.rows(_ROWS.format(pairs=source), datasets, {"ids": list(reasons)}) if reasons else []
    pairs: dict[tuple[str, str], list[SampledPair]] = {}
    for row in sorted(rows, key=lambda row: (reasons[row["pair_id"]], row["score"], row["pair_id"])):
        pairs.setdefault((row["granularity"], row["task"]), []).append(SampledPair(row, reasons[row["pair_id"]]))
    return pairs
