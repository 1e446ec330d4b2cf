"""Settings of jobs/encode_items.py."""

from dataclasses import dataclass, field

from pipelines.encode.encode_chunk import Batching
from pipelines.encode.settings import EncoderChoice
from schemas.settings import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeItems:
    """Settings of jobs/encode_items.py."""

    items: Place = "items"
    """The folder that `python -m uninote_train evaluate --write-items` wrote."""
    out: Place = "vectors"
    """A folder for the vectors; a file for each file of `items`."""
    device: str = "cpu"
    """cpu, cuda, cuda:1."""
    encoder: EncoderChoice = field(default_factory=EncoderChoice)
    batching: Batching = field(default_factory=Batching)
