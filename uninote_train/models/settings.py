"""Settings of the model that is trained or evaluated. Imports no model: the loader and the models both read it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from schemas.settings import Place
from uninote_train.models.vlm_prompts import Prompts

ModelKind = Literal["vlm", "open_clip", "small"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lora:
    """Low-rank adapters (vlm only). Source of the rank: method.md, section 6."""

    rank: Annotated[int, Field(ge=0)] = 16
    """Rank of the adapters; 0: all weights of the language model are trained."""
    alpha: Annotated[int, Field(gt=0)] = 32
    """The adapters' output is scaled by alpha / rank. Ours: twice the rank; the paper gives none."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Dropout of the adapters' input."""
    targets: str = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"
    """Modules that get an adapter: a regular expression that matches the whole name. The vision tower is not trained. Ours."""
    merge: bool = True
    """Also save the whole model with the adapters merged, which the pipeline's encoders read. As large as the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """The model and how it is loaded."""

    kind: ModelKind | None = None
    """vlm: any vision-language model of transformers, pooled by its last token; open_clip: a two-tower baseline;
    small: the network that ships with this project. None: as the path says (`kind_of`)."""
    path: Place | None = None
    """A folder of a model, or one that this trainer saved (vlm: also a hub id; open_clip: also NAME or NAME:TAG of its list).
    None: the shipped weights, for small only."""
    max_length: Annotated[int, Field(ge=16)] = 4096
    """vlm: tokens of an item, at most; a longer text is truncated. Source: method.md, section 6."""
    min_pixels: Annotated[int, Field(ge=0)] = 0
    """vlm: pictures with fewer pixels are enlarged; 0: the processor's default."""
    max_pixels: Annotated[int, Field(ge=0)] = 0
    """vlm: pictures with more pixels are scaled down; 0: the processor's default,
    but at most 512 tokens."""
    gpu_dtype: Literal["bfloat16", "float32"] = "bfloat16"
    """vlm: type of the frozen weights on a GPU; on a CPU always float32."""
    gradient_checkpointing: bool | None = None
    """Recompute activations in the backward pass: less memory for one more forward pass. None: the kind's own, vlm does."""
    lora: Lora = field(default_factory=Lora)
    prompts: Prompts = field(default_factory=Prompts)


def kind_of(choice: ModelChoice) -> ModelKind:
    """The kind that is set, or that of the path.

    Without a path it is small; a folder with open_clip's configuration, or a name without a slash where no such folder is,
    is open_clip; a file, or a folder with the small network's weights, is small; any other folder or id is a vlm.
    """
    if choice.kind is not None:
        return choice.kind
    if choice.path is None:
        return "small"
    path = Path(choice.path)
    if (path / "open_clip_config.json").exists() or ("/" not in choice.path and not path.exists()):
        return "open_clip"
    return "small" if path.is_file() or (path / "weights.safetensors").exists() else "vlm"
