"""Row counts of each stage, in, dropped and out: from the manifests, without reading rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipelines.workspace.manifest import Manifest
from pipelines.workspace.positive_sources import positive_sources
from pipelines.workspace.workspace import Workspace
from schemas.datasets import COUNTERFACTUALS, HARD_NEGATIVES, IMAGES, NOTES, POSITIVES
from schemas.granularity import GRANULARITY_NAMES
from schemas.intermediate import PICTURE_PAIRS


@dataclass(frozen=True, slots=True)
class DroppedRows:
    """Number of rows dropped for one reason."""

    reason: str
    rows: int


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the funnel: rows in = rows kept + rows dropped."""

    name: str
    unit: str
    """Unit of the counts, in the plural."""
    kept: int
    kept_as: str
    dropped: tuple[DroppedRows, ...]
    parts: tuple[DroppedRows, ...] = ()
    """Breakdown of the kept rows, if useful."""

    @property
    def rows_in(self) -> int:
        """Input rows."""
        return self.kept + sum(t.rows for t in self.dropped)


def funnel(workspace: Workspace) -> list[Level]:
    """Build the levels of published datasets: notes, pictures, pairs, candidates, negatives."""
    levels = [
        _level(workspace, NOTES.name, "Notes", "notes", "kept"),
        _level(workspace, IMAGES.name, "Pictures", "pictures", "readable"),
        _pairs(workspace),
        _candidates(workspace),
        _level(workspace, COUNTERFACTUALS.name, "Generated negatives", "notes with a part removed", "generated"),
    ]
    return [level for level in levels if level is not None and level.rows_in]


def caps(workspace: Workspace) -> list[tuple[str, DroppedRows]]:
    """List rows dropped by caps and checks within mining steps, in units of their own: dataset, reason and rows."""
    names = [PICTURE_PAIRS.name, *(table.name for table in positive_sources(workspace))]
    runs = [(name, workspace.manifest(name)) for name in names]
    return [(_plain(name), dropped) for name, run in runs if run for dropped in _by_reason(run.counts.dropped)]


def _level(workspace: Workspace, dataset: str, name: str, unit: str, kept_as: str) -> Level | None:
    run = workspace.manifest(dataset)
    return Level(name, unit, run.counts.rows_out, kept_as, _by_reason(run.counts.dropped)) if run else None


def _pairs(workspace: Workspace) -> Level | None:
    run = workspace.manifest(POSITIVES.name)
    if run is None:
        return None
    mined = [
        (name, workspace.manifest(table.name))
        for name, table in zip(GRANULARITY_NAMES, positive_sources(workspace), strict=True)
    ]
    parts = tuple(DroppedRows(name.replace("_", " "), pairs.counts.rows_out) for name, pairs in mined if pairs)
    return Level("Pairs", "pairs", run.counts.rows_out, "in one split", _by_reason(run.counts.dropped), parts)


def _candidates(workspace: Workspace) -> Level | None:
    """Build the level of retrieved candidates, from the report of the filter's run."""
    run = workspace.manifest(HARD_NEGATIVES.name)
    if run is None or "candidates" not in run.report:
        return None
    return Level("Candidates", "candidates of a query", int(run.report["left"]), "passed the filter", filtered_candidates(run))


def filtered_candidates(run: Manifest) -> tuple[DroppedRows, ...]:
    """Count the candidates removed by the false-negative filter, by reason, largest first."""
    return _by_reason(run.report.get("taken", {}))


def _by_reason(dropped: Mapping[str, int]) -> tuple[DroppedRows, ...]:
    return tuple(_by_size(DroppedRows(reason, rows) for reason, rows in dropped.items() if rows))


def _by_size(dropped: Iterable[DroppedRows]) -> list[DroppedRows]:
    return sorted(dropped, key=lambda t: (-t.rows, t.reason))


def _plain(dataset: str) -> str:
    return dataset.removeprefix("mined/").replace("_", " ")
