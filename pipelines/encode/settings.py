"""Settings of encoding: which encoder, and how many items it is given at a time."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from pipelines.encode.encode_chunk import Batching
from schemas.preset import Choice
from schemas.settings import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderChoice(Choice):
    """Which encoder."""

    name: Place = "small"
    """A preset of conf/encoders, or the path of a .toml file of your own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedSettings(EncoderChoice):
    """Which encoder, and how many items it is given at a time."""

    counterfactuals: bool = True
    """Encode rule-made negatives too, so that they have a similarity for a soft label. Costs one note for each of them."""
    chunk_items: Annotated[int, Field(ge=1)] = 512
    """Items of a chunk, whole notes: what an actor takes at a time, and what a killed job has to repeat."""
    chunk_pictures: Annotated[int, Field(ge=1)] = 128
    """Pictures of a chunk's items, counted with repetition: bounds the memory of an actor and of the chunks in progress."""
    max_refused_share: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Share of items without a vector above which the job fails. Items that the encoder cannot read (a text, for an encoder of
    pictures) do not count."""
    batching: Batching = field(default_factory=Batching)
