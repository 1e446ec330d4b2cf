"""Settings of jobs/encode_items.py."""

from dataclasses import dataclass, field

from pipelines.encode.chunk import Batching


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """Which encoder."""

    name: str = "small"
    """A preset of conf/encoders, or a path of a .toml file of your own."""
    path: str | None = None
    """A local folder or file of the weights, over the preset's."""
    set: tuple[str, ...] = ()
    """`key=value` over the preset's, such as "max_length=2048"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeItems:
    """Settings of jobs/encode_items.py."""

    items: str = "items"
    """The folder that `python -m uninote_train evaluate --write-items` wrote."""
    out: str = "vectors"
    """A folder for the vectors; a file for each file of `items`."""
    device: str = "cpu"
    """cpu, cuda, cuda:1."""
    encoder: Preset = field(default_factory=Preset)
    batching: Batching = field(default_factory=Batching)
