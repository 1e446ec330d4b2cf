"""Settings of the model that is trained or evaluated. Imports no model: the loader and the models both read it."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from schemas.settings import Place
from uninote_train.models.vlm_prompts import Prompts

ModelKind = Literal["vlm", "open_clip", "small"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lora:
    """Low-rank adapters (vlm only). Source of the rank: method.md, section 6."""

    rank: Annotated[int, Field(ge=0)] = 16
    """Of the adapters; 0: all weights of the language model are trained."""
    alpha: Annotated[int, Field(gt=0)] = 32
    """The adapters' output is scaled by alpha / rank. Ours: twice the rank; the paper is silent."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Of the adapters' input."""
    targets: str = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"
    """A regular expression of the whole module names that get one; the picture tower stays as it is. Ours."""
    merge: bool = True
    """Save the whole model too, with the adapters added in: what the pipeline's encoders read. As large as the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """Which model, and how it is held."""

    kind: ModelKind = "small"
    """vlm: any of transformers' vision-language models, by its last token; open_clip: a two-tower baseline; small: ours."""
    path: Place | None = None
    """A folder: of a model, or of what this trainer saved (vlm: a hub id too; open_clip: NAME or NAME:TAG of its list too).
    None: the weights that ship, small only."""
    max_length: Annotated[int, Field(ge=16)] = 4096
    """vlm: tokens of an item; a longer text is cut at its end. Source: method.md, section 6."""
    min_pixels: Annotated[int, Field(ge=0)] = 0
    """vlm: a smaller picture is enlarged; 0: as the processor has it."""
    max_pixels: Annotated[int, Field(ge=0)] = 0
    """vlm: a larger picture is shrunk; 0: as the processor has it."""
    gpu_dtype: Literal["bfloat16", "float32"] = "bfloat16"
    """vlm: of the frozen weights on a GPU; on a processor float32."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: a forward pass more, for memory."""
    lora: Lora = field(default_factory=Lora)
    prompts: Prompts = field(default_factory=Prompts)
