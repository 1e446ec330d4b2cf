"""Settings of jobs/mine_hard_negatives.py."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from pipelines.encode.settings import EmbedSettings
from pipelines.engines.ray.cluster import Cluster
from pipelines.negatives.calibration.fit_band import Calibrate
from pipelines.negatives.counterfactuals import Rule
from pipelines.negatives.filters.false_negative_filter import Guard
from pipelines.negatives.search.exact_search import Search
from pipelines.negatives.search.ivf import Cells
from schemas.settings import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """How candidates are searched."""

    depth: Annotated[int, Field(ge=1)] = 100
    """Candidates of a query and task. Ours: the guard takes about half of them where notes have many copies."""
    queries: Annotated[int, Field(ge=1)] = 4096
    """Queries that are searched, guarded and written at a time. It moves no row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Where calibration takes its labels from."""

    calibrate: bool = False
    """Fit the band and the margins on `truth` and store them as calibration.json in the workspace."""
    use_stored: bool = True
    """Take the band of calibration.json, where it was fitted for this encoder and guard.margin is as it comes."""
    queries: Annotated[int, Field(ge=1)] = 2000
    """Queries and tasks whose candidates are labelled; drawn by a hash of their names."""
    truth: Place | None = None
    """A folder with images.parquet and passages.parquet, as the sample corpus brings it: which notes show the same. None: the
    sample's own in the workspace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MineHardNegatives:
    """Settings of jobs/mine_hard_negatives.py."""

    workspace: Place = "out"
    """The folder (any URI) of the mined datasets; results are published there."""
    ray: Cluster = field(default_factory=Cluster)
    encoder: EmbedSettings = field(default_factory=EmbedSettings)
    search: Search = field(default_factory=Search)
    cells: Cells = field(default_factory=Cells)
    offer: Offer = field(default_factory=Offer)
    guard: Guard = field(default_factory=Guard)
    rule: Rule = field(default_factory=Rule)
    calibrate: Calibrate = field(default_factory=Calibrate)
    labels: Labelled = field(default_factory=Labelled)
