"""Settings of OCR and of the descriptions. They import no annotator, so that each of them can import its settings."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from pipelines.models.openai_client import Server

PROMPT = (
    "Describe this picture in one or two sentences: what it shows, the things in it, their colours and places, and any words."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextGateSettings:
    """Settings of `TextGate`; docs/explanation/algorithms/annotate.md has the curve that the defaults were read from."""

    side: Annotated[int, Field(ge=64)] = 320
    """Longest side of the picture that the gate sees, pixels; half of it halves the cost and misses print below 1/30 of it."""
    min_score: Annotated[float, Field(ge=0, le=1)] = 0.1
    """A picture with a lower score is not read; 0 reads every picture.
    Source: measured. Every picture of the sample corpus with words scores more than 0.45, a quarter of real photos pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ocr:
    """Settings of `OcrAnnotator`."""

    reader: str = "rapidocr"
    """The OCR engine: a name in annotate/load_reader.py."""
    side: Annotated[int, Field(ge=64)] = 960
    """Longest side at which a picture is read, pixels; larger pictures are reduced, smaller ones are read as they are.
    Source: measured. rapidocr's default, the shortest side enlarged to 736, takes two to four times as long; it reads the
    sample's words no better, and of real photos it finds words in 74 where this does in 65 (small print on packages)."""
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.8
    """Lines with a lower confidence are dropped. Source: measured on the sample corpus: of the lines that rapidocr reads in
    pictures without words five of six are below it, of the right lines one in a hundred (rapidocr's default is 0.5)."""
    threads: Annotated[int, Field(ge=1)] = 1
    """Threads per actor: many actors of one thread read more than one of many."""
    gate: TextGateSettings = field(default_factory=TextGateSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Describe:
    """Settings of the descriptions."""

    name: Literal["caption", "transformers", "server"] = "caption"
    """caption: the note's own title, or its first sentence; transformers: a vision-language model in this process; server: a
    model behind an OpenAI-compatible server."""
    model: str = ""
    """transformers: a folder or a hub id; server: the model's name on the server."""
    prompt: str = PROMPT
    """The instruction for the model, in the language in which it should answer."""
    max_new_tokens: Annotated[int, Field(ge=1)] = 128
    """Longest description, tokens; a longer one is cut."""
    side: Annotated[int, Field(ge=32)] = 1024
    """Longest side of the picture that the model gets, pixels."""
    batch_size: Annotated[int, Field(ge=1)] = 8
    """transformers: pictures per forward pass."""
    covers_only: bool = True
    """caption: use a note's words for its cover alone: which other picture they describe is not known."""
    server: Server = field(default_factory=Server)
