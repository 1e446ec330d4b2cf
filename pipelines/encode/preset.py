"""An encoder's preset: which model, and how its authors say that it is asked. Files: conf/encoders/NAME.toml."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from schemas.errors import SettingsError
from schemas.item import Kind
from schemas.preset import load_preset
from schemas.settings import Place

PRESETS = Path(__file__).resolve().parents[2] / "conf" / "encoders"
"""The folder of the presets."""

Backend = Literal["small", "open_clip", "dual", "vlm", "text", "nv_embed", "timm"]
Pooling = Literal["last", "mean", "cls", "tower"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByKind:
    """A text for each kind of item; a crop is asked as an image and an OCR text as a text unless they have their own."""

    image: str = ""
    """For an image."""
    text: str = ""
    """For a text."""
    note: str = ""
    """For a note."""
    crop: str | None = None
    """For a crop; None: as an image."""
    ocr: str | None = None
    """For an OCR text; None: as a text."""

    def of(self, kind: Kind) -> str:
        """What an item of this kind is asked with."""
        own = {"image": self.image, "text": self.text, "note": self.note, "crop": self.crop, "ocr": self.ocr}[kind]
        return own if own is not None else self.of("image" if kind == "crop" else "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderSpec:
    """Everything that decides an encoder's vectors but the weights themselves."""

    backend: Backend
    """The module that runs it: pipelines/encode/backends, or pipelines/encode/small over small_encoder."""
    model: str = ""
    """A hub id; for open_clip any of its model names."""
    revision: str | None = None
    """The hub's commit; None: the newest."""
    path: Place | None = None
    """A local folder (for `small`, a file) that stands for `model`; nothing is fetched then."""
    pretrained: str | None = None
    """open_clip only: the tag of the weights for a model name."""
    dimensions: Annotated[int, Field(ge=0)] = 0
    """Of the vectors; 0: as many as the model has. Fewer than it has: the first ones, brought to unit length again
    (Matryoshka); right only for models that are trained so."""
    pooling: Pooling = "tower"
    """last: the last token's state; mean: of all tokens; cls: the first token's; tower: the model's own projection."""
    system: ByKind = field(default_factory=ByKind)
    """vlm: the instruction of the system turn."""
    content: ByKind = field(default_factory=lambda: ByKind(image="{images}", text="{text}", note="{images}{text}"))
    """vlm, text: what stands in the user's turn; {images} and {text} are put in."""
    template: str = ""
    """vlm: the whole prompt, with {system} and {content}; empty: the processor's chat template."""
    image_mark: str = ""
    """vlm with a template: what stands for one picture."""
    padding_side: Literal["left", "right"] = "right"
    """vlm, text. Only rounding depends on it; models with absolute positions need right."""
    plain_positions: bool = False
    """vlm: one position a token, pictures too, where the authors' own code runs the language model without M-RoPE."""
    max_length: Annotated[int, Field(ge=0)] = 0
    """Tokens of an item; 0: no limit of ours. A longer text is cut at its end; pictures are shrunk to fit."""
    min_pixels: Annotated[int, Field(ge=0)] = 0
    """vlm: a smaller picture is enlarged; 0: as the processor has it."""
    max_pixels: Annotated[int, Field(ge=0)] = 0
    """vlm: a larger picture is shrunk; 0: as the processor has it."""
    longest_side: Annotated[int, Field(ge=0)] = 1280
    """Pixels; pictures are decoded to this (`content.rgb`)."""
    whole_side: Annotated[int, Field(ge=0)] = 0
    """Pixels; pictures that an item shows whole are decoded to this, those that a crop is cut out of to longest_side. 0: all
    to longest_side. A JPEG decoder gives half the size for half the time, and a small network sees no more."""
    gpu_dtype: Literal["bfloat16", "float16", "float32"] = "bfloat16"
    """On a GPU; on a processor it is always float32."""
    source: dict[str, str] = field(default_factory=dict)
    """Where each fact was read; "not verified" where it was not."""
    checked: str = ""
    """What was run of it here, on which model; or why nothing was."""


NO_INFLUENCE = ("model", "revision", "path", "source", "checked", "gpu_dtype", "padding_side")
"""Fields that do not change what a given set of weights answers; the type of number is asked of the weights."""


def load_spec(name: str, assignments: Sequence[str] = (), path: str | None = None) -> EncoderSpec:
    """A preset by its name, or any TOML file by its path.

    Args:
        name: "small" and the like, or a path that ends in .toml.
        assignments: `key=value` strings over the file's.
        path: a local folder or file of the weights, over the file's.

    Raises:
        SettingsError: no such preset, or an invalid key or value in it.
    """
    return load_preset(EncoderSpec, PRESETS, name, assignments, path, setting="encoder.name")


def vector_settings(spec: EncoderSpec) -> dict[str, Any]:
    """The fields that change vectors, as plain values: part of the fingerprint."""
    return {k: v for k, v in dataclasses.asdict(spec).items() if k not in NO_INFLUENCE}


def dimensions_of(spec: EncoderSpec, has: int) -> int:
    """How many dimensions the vectors have: the preset's, or all.

    Raises:
        SettingsError: the preset wants more than the model has.
    """
    if spec.dimensions > has:
        raise SettingsError(f"encoder.dimensions {spec.dimensions}: {spec.path or spec.model} has {has}")
    return spec.dimensions or has
