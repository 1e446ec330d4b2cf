"""Settings of jobs/encode_items.py."""

from dataclasses import dataclass, field

from pipelines.encode.encode_chunk import Batching
from schemas.settings import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """Which encoder."""

    name: Place = "small"
    """A preset of conf/encoders, or a path of a .toml file of your own."""
    path: Place | None = None
    """A local folder or file of the weights, over the preset's."""
    set: tuple[str, ...] = ()
    """`key=value` over the preset's, such as "max_length=2048"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeItems:
    """Settings of jobs/encode_items.py."""

    items: Place = "items"
    """The folder that `python -m uninote_train evaluate --write-items` wrote."""
    out: Place = "vectors"
    """A folder for the vectors; a file for each file of `items`."""
    device: str = "cpu"
    """cpu, cuda, cuda:1."""
    encoder: Preset = field(default_factory=Preset)
    batching: Batching = field(default_factory=Batching)
