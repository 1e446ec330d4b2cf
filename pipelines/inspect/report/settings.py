"""Settings of jobs/report_pairs.py."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from schemas.settings import Place, Seed

Count = Annotated[int, Field(ge=0, le=10_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSizes:
    """Sizes of the samples on the page. Samples are drawn by a hash of the row's key and the seed."""

    borderline: Count = 6
    """Pairs with the lowest scores, per granularity and task; none if all scores are equal."""
    drawn: Count = 6
    """Further pairs, drawn at random, per granularity and task."""
    negatives: Count = 3
    """Negatives nearest to their positive, per task."""
    negatives_looked_at: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    """Number of negatives most similar to their query, per task, among which the nearest to their positive are selected."""
    vectors_gb: Annotated[float, Field(ge=0, le=100_000)] = 8.0
    """Largest table of embeddings, in GB, that is read for this; above, negatives are ordered by similarity to the query."""
    components: Count = 6
    """Number of largest components."""
    notes_per_component: Annotated[int, Field(ge=1, le=10_000)] = 8
    """Notes per component."""
    judged: Count = 4
    """Judged pairs per kind of disagreement."""
    refused: Count = 3
    """Rejected rows per source and reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardStyle:
    """Sizes of pictures and texts on the page."""

    side: Annotated[int, Field(ge=32, le=1024)] = 320
    """Longest side of a thumbnail, pixels. Our choice: cards are about 400 pixels wide, and small print is recognizable."""
    quality: Annotated[int, Field(ge=1, le=100)] = 62
    """WebP quality of the thumbnails; at the default about 8 KB each."""
    per_note: Annotated[int, Field(ge=1, le=1000)] = 4
    """Pictures per note; the card shows the number of further ones."""
    characters: Annotated[int, Field(ge=40, le=100_000)] = 240
    """Maximum characters of a text, or of a passage, and as many of its context."""
    max_megabytes: Annotated[float, Field(gt=0, le=1000)] = 20.0
    """Maximum size of the page, MB. Pictures use nine tenths of what the text leaves; omitted ones are marked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPairs:
    """Settings of jobs/report_pairs.py."""

    workspace: Place = "out"
    """The workspace: any URI."""
    output: Place | None = None
    """File to write the page to. None: report.html in the workspace."""
    labels: Place | None = None
    """People's labels (.csv, .jsonl or .parquet), used for the reliability curve. None: mined pairs are used instead."""
    seed: Seed = 0
    """Seed of the samples: another seed draws other pairs."""
    memory_mb: Annotated[int, Field(ge=256, le=1 << 20)] = 2048
    """Memory limit of DuckDB, MB; above it, data is spilled to the temporary folder."""
    sampled: SampleSizes = field(default_factory=SampleSizes)
    shown: CardStyle = field(default_factory=CardStyle)
