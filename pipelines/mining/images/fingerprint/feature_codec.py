"""Local features as bytes of a Parquet column, and back: 41 bytes a feature. No engine."""

import numpy as np

from pipelines.mining.images.fingerprint.local_features import DIMENSION, Features

PER_PIXEL = 64
"""Positions and scales are kept in 64ths of a pixel."""
_HEAD = np.dtype([("width", "<u2"), ("height", "<u2")])
_ROW = np.dtype([("x", "<u2"), ("y", "<u2"), ("sigma", "<u2"), ("descriptor", "i1", (DIMENSION,))])


def pack(features: Features) -> bytes:
    """The bytes of a picture's features; positions are rounded to 1/64 pixel."""
    rows = np.zeros(len(features.sigmas), _ROW)
    limits = np.iinfo(np.uint16)
    for name, values in (("x", features.positions[:, 0]), ("y", features.positions[:, 1]), ("sigma", features.sigmas)):
        rows[name] = np.clip(np.rint(values * PER_PIXEL), limits.min, limits.max)
    rows["descriptor"] = features.descriptors
    return np.array([features.side], _HEAD).tobytes() + rows.tobytes()


def unpack(content: bytes) -> Features:
    """The features of `pack`ed bytes."""
    head = np.frombuffer(content, _HEAD, count=1)[0]
    rows = np.frombuffer(content, _ROW, offset=_HEAD.itemsize)
    pixel = np.float32(1 / PER_PIXEL)
    positions = np.stack([rows["x"], rows["y"]], axis=1).astype(np.float32) * pixel
    sigmas = rows["sigma"].astype(np.float32) * pixel
    return Features(positions, sigmas, rows["descriptor"], (int(head["width"]), int(head["height"])))
