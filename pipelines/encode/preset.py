"""Presets of encoders: which model, and how its authors prompt it. Files: conf/encoders/NAME.toml."""

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

Similarity = Annotated[float, Field(ge=-1, le=1)]
Pooling = Literal["last", "mean", "cls", "tower"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByKind:
    """A text for each kind of item; a crop uses the image's and an OCR text the text's unless they have their own."""

    image: str = ""
    """For an image."""
    text: str = ""
    """For a text."""
    note: str = ""
    """For a note."""
    crop: str | None = None
    """For a crop; None: the image's."""
    ocr: str | None = None
    """For an OCR text; None: the text's."""

    def of(self, kind: Kind) -> str:
        """The text for an item of this kind."""
        own = {"image": self.image, "text": self.text, "note": self.note, "crop": self.crop, "ocr": self.ocr}[kind]
        return own if own is not None else self.of("image" if kind == "crop" else "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderSpec:
    """All settings of an encoder that determine its vectors, besides the weights."""

    backend: str
    """The module of pipelines/encode/backends that runs it: small, open_clip, dual, vlm, text, nv_embed, timm, or your own."""
    model: str = ""
    """A hub id; for open_clip any of its model names."""
    revision: str | None = None
    """The hub's commit; None: the newest."""
    path: Place | None = None
    """A local folder (for `small`, a file) used instead of `model`; nothing is downloaded then."""
    pretrained: str | None = None
    """open_clip only: the tag of the weights for a model name."""
    dimensions: Annotated[int, Field(ge=0)] = 0
    """Length of the vectors; 0: as many as the model has. Fewer: the first ones, normalised again (Matryoshka); valid only for
    models that are trained for it."""
    pooling: Pooling = "tower"
    """last: the last token's state; mean: of all tokens; cls: the first token's; tower: the model's own projection."""
    system: ByKind = field(default_factory=ByKind)
    """vlm: the instruction of the system turn."""
    content: ByKind = field(default_factory=lambda: ByKind(image="{images}", text="{text}", note="{images}{text}"))
    """vlm, text: the user's turn; {images} and {text} are replaced."""
    template: str = ""
    """vlm: the whole prompt, with {system} and {content}; empty: the processor's chat template."""
    image_mark: str = ""
    """vlm with a template: the placeholder of one picture."""
    padding_side: Literal["left", "right"] = "right"
    """vlm, text: affects only rounding; models with absolute positions need right."""
    plain_positions: bool = False
    """vlm: one position a token, for pictures too, as in authors' code that runs the language model without M-RoPE."""
    max_length: Annotated[int, Field(ge=0)] = 0
    """Tokens of an item; 0: unlimited. A longer text is truncated at its end; pictures are shrunk to fit."""
    min_pixels: Annotated[int, Field(ge=0)] = 0
    """vlm: a picture of fewer pixels is enlarged; 0: the processor's default."""
    max_pixels: Annotated[int, Field(ge=0)] = 0
    """vlm: a picture of more pixels is shrunk; 0: the processor's default."""
    longest_side: Annotated[int, Field(ge=0)] = 1280
    """Longest side, in pixels, to which pictures are decoded."""
    whole_side: Annotated[int, Field(ge=0)] = 0
    """Longest side, in pixels, to which pictures are decoded that an item shows whole; those that a crop is cut out of are
    decoded to longest_side. 0: all to longest_side. Half the size of a JPEG is decoded in half the time."""
    band: tuple[Similarity, Similarity] | None = None
    """Lowest and highest similarity of a hard negative, if they are known for this encoder."""
    gpu_dtype: Literal["bfloat16", "float16", "float32"] = "bfloat16"
    """Type of the weights on a GPU; on a CPU it is always float32."""
    source: dict[str, str] = field(default_factory=dict)
    """Source of each fact; "not verified" if it was not."""
    checked: str = ""
    """Which part of this preset was run here, on which model; or why none was."""


NO_INFLUENCE = ("model", "revision", "path", "source", "checked", "gpu_dtype", "padding_side", "band")
"""Fields that do not change the vectors of given weights; the data type is read from the weights."""


def load_spec(name: str, assignments: Sequence[str] = (), path: str | None = None) -> EncoderSpec:
    """Load a preset by its name, or any TOML file by its path.

    Args:
        name: "small" and the like, or a path that ends in .toml.
        assignments: `key=value` strings that override the file's.
        path: a local folder or file of the weights; overrides the file's.

    Raises:
        SettingsError: no such preset, or an invalid key or value in it.
    """
    return load_preset(EncoderSpec, PRESETS, name, assignments, path, setting="encoder.name")


def vector_settings(spec: EncoderSpec) -> dict[str, Any]:
    """The fields that change vectors, as plain values: part of the fingerprint."""
    return {k: v for k, v in dataclasses.asdict(spec).items() if k not in NO_INFLUENCE}


def dimensions_of(spec: EncoderSpec, has: int) -> int:
    """Length of the vectors: the preset's, or the model's.

    Raises:
        SettingsError: the preset has more than the model.
    """
    if spec.dimensions > has:
        raise SettingsError(f"encoder.dimensions {spec.dimensions}: {spec.path or spec.model} has {has}")
    return spec.dimensions or has
