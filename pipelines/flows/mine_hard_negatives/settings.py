"""Settings of jobs/mine_hard_negatives.py."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from pipelines.encode.settings import EmbedSettings
from pipelines.engines.ray.cluster import Cluster
from pipelines.negatives.calibration.fit_band import FitBand
from pipelines.negatives.counterfactuals import CounterfactualSettings
from pipelines.negatives.filters.settings import Guard
from pipelines.negatives.search.exact_search import Search
from pipelines.negatives.search.ivf import IvfSettings
from pipelines.negatives.search.rank_window import RankWindow
from schemas.settings import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateSettings:
    """How many candidates are searched."""

    depth: Annotated[int, Field(ge=1)] = 100
    """Candidates of a query and task where a band limits them and not the positive's score (then `ranks`). Raise it when many
    pairs have too few negatives. Ours: the guard removes about half of them where notes have many copies."""
    queries: Annotated[int, Field(ge=1)] = 4096
    """Queries that are searched, filtered and written at a time. Does not change the output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BandLabels:
    """The labels that the similarity band is fitted on."""

    calibrate: bool = False
    """Fit the band and the margins on `truth` and store them as calibration.json in the workspace."""
    use_stored: bool = True
    """Use the band of calibration.json if it was fitted for this encoder and guard.margin has its defaults."""
    queries: Annotated[int, Field(ge=1)] = 2000
    """Queries and tasks whose candidates are labelled; a sample by hash."""
    truth: Place | None = None
    """A folder with images.parquet and passages.parquet, as the sample corpus has it: the notes that show the same. None: the
    sample's own in the workspace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MineHardNegatives:
    """Settings of jobs/mine_hard_negatives.py."""

    workspace: Place = "out"
    """The folder (any URI) of the mined datasets; results are published there."""
    ray: Cluster = field(default_factory=Cluster)
    encoder: EmbedSettings = field(default_factory=EmbedSettings)
    search: Search = field(default_factory=Search)
    cells: IvfSettings = field(default_factory=IvfSettings)
    offer: CandidateSettings = field(default_factory=CandidateSettings)
    ranks: RankWindow = field(default_factory=RankWindow)
    guard: Guard = field(default_factory=Guard)
    rule: CounterfactualSettings = field(default_factory=CounterfactualSettings)
    calibrate: FitBand = field(default_factory=FitBand)
    labels: BandLabels = field(default_factory=BandLabels)
