"""Counts and score histograms of the pairs and variants by granularity and task. One pass over a few small columns."""

from dataclasses import dataclass

from pipelines.inspect.report.sql_reader import Reader
from schemas.granularity import GRANULARITY_NAMES
from schemas.item import TASKS

BINS = 20
"""Bins of the scores, from 0 to 1."""

_COUNTS = """
    select granularity, task, cast(least(floor(score * $bins), $bins - 1) as integer) as bin,
           count(*) as pairs, min(score) as lowest, max(score) as highest
    from {pairs} group by granularity, task, bin order by granularity, task, bin
"""


@dataclass(frozen=True, slots=True)
class Group:
    """The pairs of one granularity and task."""

    granularity: str
    task: str
    bins: tuple[int, ...]
    """[BINS] pairs by score."""
    lowest: float
    highest: float

    @property
    def pairs(self) -> int:
        """Number of pairs."""
        return sum(self.bins)

    @property
    def name(self) -> str:
        """Prefix of element ids on the page."""
        return f"{self.granularity}-{self.task}"


def pair_groups(reader: Reader) -> list[Group]:
    """List all groups, in the order of GRANULARITY_NAMES and TASKS."""
    rows_of: dict[tuple[str, str], list[dict[str, float]]] = {}
    source, datasets = reader.pairs()
    for row in reader.rows(_COUNTS.format(pairs=source), datasets, {"bins": BINS}):
        rows_of.setdefault((row["granularity"], row["task"]), []).append(row)
    return [_group(*group, rows) for group, rows in sorted(rows_of.items(), key=lambda entry: _order(*entry[0]))]


def _group(granularity: str, task: str, rows: list[dict[str, float]]) -> Group:
    bins = [0] * BINS
    for row in rows:
        bins[int(row["bin"])] = int(row["pairs"])
    return Group(granularity, task, tuple(bins), min(r["lowest"] for r in rows), max(r["highest"] for r in rows))


def _order(granularity: str, task: str) -> tuple[int, int]:
    names = list(GRANULARITY_NAMES)
    return (
        names.index(granularity) if granularity in names else len(names),
        TASKS.index(task) if task in TASKS else len(TASKS),
    )
