"""Settings of jobs/annotate_images.py."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from pipelines.annotate.annotation_pairs import AnnotationPairs
from pipelines.annotate.settings import Describe, Ocr
from pipelines.engines.ray.cluster import Cluster
from schemas.settings import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureChunks:
    """How much work an actor gets at a time."""

    pictures: Annotated[int, Field(ge=1)] = 64
    """Pictures per chunk: what an actor holds in memory, and what a killed job repeats. Does not change the output."""
    max_refused_share: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Share of pictures that could not be read or annotated above which the job fails; pictures without text do not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotateImages:
    """Settings of jobs/annotate_images.py."""

    workspace: Place = "out"
    """The folder (any URI) of the mined datasets; results are published there."""
    ray: Cluster = field(default_factory=Cluster)
    chunks: PictureChunks = field(default_factory=PictureChunks)
    ocr: Ocr = field(default_factory=Ocr)
    describe: Describe = field(default_factory=Describe)
    pairs: AnnotationPairs = field(default_factory=AnnotationPairs)
