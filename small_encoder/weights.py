"""The small encoder's file: half-precision weights, and the network's shape in the header."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from schemas.errors import SettingsError
from small_encoder.network import Shape, SmallNet

SHIPPED = Path(__file__).with_name("weights.safetensors")
"""Trained by `python -m scripts.train_small_encoder`; docs/explanation/algorithms/small_encoder.md has the measures."""


def save(net: SmallNet, path: Path) -> None:
    """Write the network: integers as they are, everything else in half precision, batch norms' counters left out."""
    weights = {
        k: v.half().contiguous() if v.is_floating_point() else v for k, v in net.state_dict().items() if "num_batches" not in k
    }
    save_file(weights, path, metadata={"shape": json.dumps(dataclasses.asdict(net.shape))})


def read_shape(path: Path = SHIPPED) -> Shape:
    """The network's shape, without its weights: enough to prepare inputs.

    Raises:
        SettingsError: no such file, or not a file of this network.
    """
    try:
        with safe_open(path, framework="pt") as file:
            shape: dict[str, Any] = json.loads(file.metadata()["shape"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise SettingsError(
            f"encoder.path {path}: not the small encoder's weights ({type(error).__name__}: {error}); expected a file that "
            "`python -m scripts.train_small_encoder` wrote, or no path for the weights in the package"
        ) from None
    return TypeAdapter(Shape).validate_python(shape)


def load(path: Path = SHIPPED) -> SmallNet:
    """The network in single precision, in evaluation mode.

    Raises:
        SettingsError: as `read_shape`, or its weights are not those of the shape.
    """
    net = SmallNet(read_shape(path))
    with safe_open(path, framework="pt") as file:
        weights = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118  # no mapping
    full = {k: v.float() if v.dtype == torch.float16 else v for k, v in weights.items()}
    missing, unknown = net.load_state_dict(full, strict=False)
    misfits = [k for k in missing if "num_batches" not in k] + unknown
    if misfits:
        raise SettingsError(f"encoder.path {path}: weights missing or unknown: {sorted(misfits)}")
    return net.eval()
