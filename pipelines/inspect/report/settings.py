"""Settings of jobs/report_pairs.py."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from schemas.settings import Place, Seed

Count = Annotated[int, Field(ge=0, le=10_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """How much of a workspace is shown. Every sample is drawn by a hash of the row's own key and the seed."""

    borderline: Count = 6
    """Pairs of a granularity and task with the lowest scores; none where all scores are equal."""
    drawn: Count = 6
    """Further pairs of a granularity and task, drawn at random."""
    negatives: Count = 3
    """Negatives of a task that are nearest to their positive."""
    negatives_looked_at: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    """Negatives of a task, those most similar to their query, among which the nearest to their positive are searched."""
    vectors_gb: Annotated[float, Field(ge=0, le=100_000)] = 8.0
    """Size of the embeddings up to which they are read for that; beyond, negatives are ordered by similarity to the query."""
    components: Count = 6
    """The largest components."""
    notes_per_component: Annotated[int, Field(ge=1, le=10_000)] = 8
    """Notes of a component that are shown."""
    judged: Count = 4
    """Judged pairs of each kind of disagreement."""
    refused: Count = 3
    """Refused rows of a source and reason that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How a picture and a text are shown."""

    side: Annotated[int, Field(ge=32, le=1024)] = 320
    """Longest side of a thumbnail, pixels. Ours: a card is some 400 pixels wide; small print can be told to be print."""
    quality: Annotated[int, Field(ge=1, le=100)] = 62
    """WebP quality of the thumbnails: about 8 KB each."""
    per_note: Annotated[int, Field(ge=1, le=1000)] = 4
    """Pictures of a note that are shown; the card says how many more there are."""
    characters: Annotated[int, Field(ge=40, le=100_000)] = 240
    """Of a text, or of a passage and again of what stands around it."""
    max_megabytes: Annotated[float, Field(gt=0, le=1000)] = 20.0
    """Of the file. Pictures stop at nine tenths of what the text leaves; a card says where one was left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPairs:
    """Settings of jobs/report_pairs.py."""

    workspace: Place = "out"
    """The folder (any URI) of the mined datasets."""
    output: Place | None = None
    """Where the page is written. None: report.html in the workspace."""
    labels: Place | None = None
    """Labels that people gave (.csv, .jsonl or .parquet); the reliability curve is then of them."""
    seed: Seed = 0
    """Another seed draws other pairs."""
    memory_mb: Annotated[int, Field(ge=256, le=1 << 20)] = 2048
    """What DuckDB may hold; beyond, it writes to the temporary folder."""
    sampled: Sampled = field(default_factory=Sampled)
    shown: Shown = field(default_factory=Shown)
