"""Settings of jobs/build_shards.py."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from pipelines.shards.files.jpeg import JpegSettings
from pipelines.shards.files.tuple_format import Tuples
from pipelines.shards.ranking_lists.half_lists_step import RankingLists
from pipelines.shards.training_rows.select_pairs import Sft
from pipelines.shards.training_rows.soft_labels import SoftLabels
from schemas.settings import Place, Seed


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """Settings of the shard files."""

    shard_bytes: Annotated[int, Field(ge=1 << 16, le=1 << 30)] = 128 << 20
    """Approximate size of a shard, rows and pictures together. A task has one shard in memory, with its pictures up to three
    times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildShards:
    """Settings of jobs/build_shards.py."""

    workspace: Place = "out"
    """The folder (any URI) of the mined datasets; shards are published there."""
    images: Place | None = None
    """Parquet or JSONL with image_id and content: the table of `mine_pairs.py --images`, for pictures that are not files."""
    format: Literal["shards", "sentence-transformers"] = "shards"
    """shards; sentence-transformers: also write the training rows for its trainer, below sentence_transformers/."""
    seed: Seed = 0
    """Enters the hashes that select rows, split notes, draw noise and order rows."""
    sft: Sft = field(default_factory=Sft)
    labels: SoftLabels = field(default_factory=SoftLabels)
    ranking: RankingLists = field(default_factory=RankingLists)
    pictures: JpegSettings = field(default_factory=JpegSettings)
    shard: Shard = field(default_factory=Shard)
    tuples: Tuples = field(default_factory=Tuples)
