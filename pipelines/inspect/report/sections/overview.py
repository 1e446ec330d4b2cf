"""How many pairs there are of each granularity and task, and how their scores lie. One pass over two small columns."""

from dataclasses import dataclass

from pipelines.inspect.report.sql_reader import Reader
from schemas.datasets import POSITIVES
from schemas.granularity import GRANULARITY_NAMES
from schemas.item import TASKS

BINS = 20
"""Of the scores, from 0 to 1."""

_COUNTS = """
    select granularity, task, cast(least(floor(score * $bins), $bins - 1) as integer) as bin,
           count(*) as pairs, min(score) as lowest, max(score) as highest
    from positives group by granularity, task, bin order by granularity, task, bin
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
        """How many."""
        return sum(self.bins)

    @property
    def name(self) -> str:
        """As it stands in ids of the page."""
        return f"{self.granularity}-{self.task}"


def groups(reader: Reader) -> list[Group]:
    """All groups, in the order of GRANULARITY_NAMES and TASKS."""
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for row in reader.rows(_COUNTS, [POSITIVES.name], {"bins": BINS}):
        found.setdefault((row["granularity"], row["task"]), []).append(row)
    return [_group(*names, rows) for names, rows in sorted(found.items(), key=lambda entry: _order(*entry[0]))]


def _group(granularity: str, task: str, rows: list[dict[str, float]]) -> Group:
    bins = [0] * BINS
    for row in rows:
        bins[int(row["bin"])] = int(row["pairs"])
    return Group(granularity, task, tuple(bins), min(r["lowest"] for r in rows), max(r["highest"] for r in rows))


def _order(granularity: str, task: str) -> tuple[int, int]:
    known = list(GRANULARITY_NAMES)
    return (
        known.index(granularity) if granularity in known else len(known),
        TASKS.index(task) if task in TASKS else len(TASKS),
    )
