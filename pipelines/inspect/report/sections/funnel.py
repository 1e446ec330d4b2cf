"""What each stage was given, what it took and what it left: from the runs' own counts, without a row read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipelines.workspace.manifest import Manifest
from pipelines.workspace.positive_sources import united
from pipelines.workspace.workspace import Workspace
from schemas.datasets import COUNTERFACTUALS, HARD_NEGATIVES, IMAGES, NOTES, POSITIVES
from schemas.granularity import GRANULARITY_NAMES
from schemas.intermediate import PICTURE_PAIRS


@dataclass(frozen=True, slots=True)
class Taken:
    """Rows that a filter took."""

    reason: str
    rows: int


@dataclass(frozen=True, slots=True)
class Level:
    """One unit of the funnel: as many go in as come out and are taken."""

    name: str
    unit: str
    """What is counted, in the plural."""
    kept: int
    kept_as: str
    taken: tuple[Taken, ...]
    parts: tuple[Taken, ...] = ()
    """What the kept ones consist of, where that says something."""

    @property
    def given(self) -> int:
        """Rows that went in."""
        return self.kept + sum(t.rows for t in self.taken)


def funnel(workspace: Workspace) -> list[Level]:
    """The levels of what has been published: notes, pictures, pairs, candidates, negatives."""
    levels = [
        _level(workspace, NOTES.name, "Notes", "notes", "kept"),
        _level(workspace, IMAGES.name, "Pictures", "pictures", "readable"),
        _pairs(workspace),
        _candidates(workspace),
        _level(workspace, COUNTERFACTUALS.name, "Rule-made negatives", "notes without a part", "made"),
    ]
    return [level for level in levels if level is not None and level.given]


def caps(workspace: Workspace) -> list[tuple[str, Taken]]:
    """What the caps and checks within the mining steps took, each in a unit of its own: dataset, reason and rows."""
    names = [PICTURE_PAIRS.name, *(table.name for table in united(workspace))]
    runs = [(name, workspace.manifest(name)) for name in names]
    return [(_plain(name), taken) for name, run in runs if run for taken in _taken(run.counts.dropped)]


def _level(workspace: Workspace, dataset: str, name: str, unit: str, kept_as: str) -> Level | None:
    run = workspace.manifest(dataset)
    return Level(name, unit, run.counts.rows_out, kept_as, _taken(run.counts.dropped)) if run else None


def _pairs(workspace: Workspace) -> Level | None:
    run = workspace.manifest(POSITIVES.name)
    if run is None:
        return None
    mined = [(name, workspace.manifest(table.name)) for name, table in zip(GRANULARITY_NAMES, united(workspace), strict=True)]
    parts = tuple(Taken(name.replace("_", " "), made.counts.rows_out) for name, made in mined if made)
    return Level("Pairs", "pairs", run.counts.rows_out, "in one split", _taken(run.counts.dropped), parts)


def _candidates(workspace: Workspace) -> Level | None:
    """What the search offered: the guard's own account, in its run's report."""
    run = workspace.manifest(HARD_NEGATIVES.name)
    if run is None or "candidates" not in run.report:
        return None
    return Level("Candidates", "candidates of a query", int(run.report["left"]), "left by the guard", taken_by_guard(run))


def taken_by_guard(run: Manifest) -> tuple[Taken, ...]:
    """What the guard against false negatives took, by reason, most first."""
    return _taken(run.report.get("taken", {}))


def _taken(dropped: Mapping[str, int]) -> tuple[Taken, ...]:
    return tuple(_by_size(Taken(reason, rows) for reason, rows in dropped.items() if rows))


def _by_size(taken: Iterable[Taken]) -> list[Taken]:
    return sorted(taken, key=lambda t: (-t.rows, t.reason))


def _plain(dataset: str) -> str:
    return dataset.removeprefix("mined/").replace("_", " ")
