"""Settings of jobs/annotate_images.py."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from pipelines.annotate.annotation_pairs import AnnotationPairs
from pipelines.annotate.load_describer import Describe
from pipelines.annotate.ocr import Ocr
from pipelines.engines.ray.cluster import Cluster
from schemas.settings import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunking:
    """How much an actor takes at a time."""

    pictures: Annotated[int, Field(ge=1)] = 64
    """Pictures of a chunk: what is in memory, and what a killed job has to do again. It moves no row."""
    max_refused_share: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Pictures that could not be read or annotated, beyond which the job fails; one without words is none of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotateImages:
    """Settings of jobs/annotate_images.py."""

    workspace: Place = "out"
    """The folder (any URI) of the mined datasets; results are published there."""
    ray: Cluster = field(default_factory=Cluster)
    chunks: Chunking = field(default_factory=Chunking)
    ocr: Ocr = field(default_factory=Ocr)
    describe: Describe = field(default_factory=Describe)
    pairs: AnnotationPairs = field(default_factory=AnnotationPairs)
