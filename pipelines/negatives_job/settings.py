"""Settings of jobs/mine_hard_negatives.py."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from pipelines.actors.cluster import Cluster
from pipelines.encode.chunk import Batching
from pipelines.negatives.calibrate import Calibrate
from pipelines.negatives.cells import Cells
from pipelines.negatives.guard import Guard
from pipelines.negatives.rule import Rule
from pipelines.negatives.search import Search
from schemas.settings import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderChoice:
    """Which encoder, and how much is given to it at a time."""

    name: Place = "small"
    """A preset of conf/encoders, or a path of a .toml file of your own."""
    path: Place | None = None
    """A local folder or file of the weights, over the preset's."""
    counterfactuals: bool = True
    """Encode the rule-made negatives too, so that they have a similarity for a soft label. Costs a note for each of them."""
    set: tuple[str, ...] = ()
    """`key=value` over the preset's, such as "max_length=2048"."""
    chunk_items: Annotated[int, Field(ge=1)] = 512
    """Items of a chunk, whole notes: what one actor takes at a time, and what a killed job has to do again."""
    chunk_pictures: Annotated[int, Field(ge=1)] = 128
    """Pictures of a chunk's items, as often as they are shown: bounds the memory of an actor and of what is under way."""
    max_refused_share: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Items without a vector, beyond which the job fails. Those that the encoder does not read (a text, for one of pictures)
    do not count."""
    batching: Batching = field(default_factory=Batching)


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
    encoder: EncoderChoice = field(default_factory=EncoderChoice)
    search: Search = field(default_factory=Search)
    cells: Cells = field(default_factory=Cells)
    offer: Offer = field(default_factory=Offer)
    guard: Guard = field(default_factory=Guard)
    rule: Rule = field(default_factory=Rule)
    calibrate: Calibrate = field(default_factory=Calibrate)
    labels: Labelled = field(default_factory=Labelled)
