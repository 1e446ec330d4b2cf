"""Settings of jobs/mine_pairs.py: the input, the workspace, and each step's own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from pipelines.input_tables.settings import ReadOptions
from pipelines.mining.clicks.co_click_step import CoClick
from pipelines.mining.components.components_step import Components
from pipelines.mining.images.fingerprint.fingerprint import Fingerprint
from pipelines.mining.images.match_step import PictureMatching
from pipelines.mining.images.note_pairs_step import PlaceCap
from pipelines.mining.intake.stratified_balance import Balance
from pipelines.mining.intake.validate_notes import Filter, Intake
from pipelines.mining.text.settings import PartialText
from pipelines.mining.within_note.settings import WithinNote
from pipelines.sources.picture_folder.settings import PictureFolder
from pipelines.sources.sample_corpus.build import Sample
from schemas.settings import Place, Seed


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """Where the input is: paths, or URIs of any store that pyarrow or an installed fsspec package opens."""

    notes: Place | None = None
    """Parquet, JSON (lines or an array), CSV or Arrow files, plain or compressed; a file, a folder with partition folders, a
    pattern, several of them separated by commas, the folder of a Delta or Iceberg table, or catalog.database.table of Spark's
    catalog; or a folder of pictures, each of which is a note. None: the sample corpus, made in the workspace."""
    images: Place | None = None
    """As notes, with image_id and content, for pictures that are not files of their own."""
    image_root: Place | None = None
    """Base of relative picture uris: a folder, or a store's URI, with options for its client where the environment does not
    set them (s3://bucket/pictures?endpoint_override=minio:9000&scheme=http). None: the folder of the notes file."""
    clicks: Place | None = None
    """As notes. None: no co-click pairs."""


@dataclass(frozen=True, kw_only=True)
class Match(PlaceCap, PictureMatching):
    """Settings of the matching of pictures: the index keys, the caps of candidates and of places, and the thresholds."""

    RENAMED: ClassVar[Mapping[str, str]] = {"words": "indexed_features", "flips": "probe_bits"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MinePairs:
    """Settings of jobs/mine_pairs.py."""

    workspace: Place = "out"
    """The folder (any URI) that the datasets are published in."""
    seed: Seed = 0
    """Seed of the hashes that select notes (balance) and parts (within_note); co_click and components have their own."""
    input: Input = field(default_factory=Input)
    read: ReadOptions = field(default_factory=ReadOptions)
    sample: Sample = field(default_factory=Sample)
    picture_folder: PictureFolder = field(default_factory=PictureFolder)
    intake: Intake = field(default_factory=Intake)
    filter: Filter = field(default_factory=Filter)
    balance: Balance = field(default_factory=Balance)
    fingerprint: Fingerprint = field(default_factory=Fingerprint)
    match: Match = field(default_factory=Match)
    partial_text: PartialText = field(default_factory=PartialText)
    co_click: CoClick = field(default_factory=CoClick)
    within_note: WithinNote = field(default_factory=WithinNote)
    components: Components = field(default_factory=Components)
