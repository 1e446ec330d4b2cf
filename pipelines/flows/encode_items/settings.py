"""Settings of jobs/encode_items.py."""

from dataclasses import dataclass, field

from pipelines.encode.encode_chunk import Batching
from pipelines.encode.settings import EncoderChoice
from schemas.settings import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeItems:
    """Settings of jobs/encode_items.py."""

    items: Place = "items"
    """The folder written by `python -m uninote_train evaluate --write-items`."""
    out: Place = "vectors"
    """The folder for the vectors, one file for each file of `items`."""
    device: str = "cpu"
    """Device of the model: cpu, cuda, cuda:1."""
    encoder: EncoderChoice = field(default_factory=EncoderChoice)
    batching: Batching = field(default_factory=Batching)
