"""Vectors without a model, for benchmarks: small colour pictures and hashed character grams, side by side in one space.

They see a copy and a shared passage as near, and a picture and its text as unrelated.
"""

import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa

HALF = 128
"""Dimensions of each half of the space: pictures, texts."""
SIDE = 12


def image_vectors(images: pa.Table, root: Path) -> dict[str, np.ndarray]:
    """image_id -> [2 * HALF], unit length: a small picture without its mean, projected."""
    projection = np.random.default_rng(0).standard_normal((SIDE * SIDE * 3, HALF)).astype(np.float32)
    small = {}
    for image_id, uri in zip(images.column("image_id").to_pylist(), images.column("uri").to_pylist(), strict=True):
        read = cv2.imdecode(np.fromfile(root / Path(uri).name, np.uint8), cv2.IMREAD_COLOR)
        small[image_id] = cv2.resize(read, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32).ravel() / 255
    middle = np.mean(list(small.values()), axis=0)
    empty = np.zeros(HALF, np.float32)
    return {i: np.concatenate([_unit((v - middle) @ projection), empty]) for i, v in small.items()}


def text_vector(text: str) -> np.ndarray:
    """[2 * HALF], unit length, or zero for no text: grams of 3 characters, each hashed to a signed place."""
    counts = np.zeros(HALF, np.float32)
    for gram in {text[k : k + 3] for k in range(max(1, len(text) - 2))}:
        code = zlib.crc32(gram.encode())
        counts[code % HALF] += 1 if code & 0x80000000 else -1
    return np.concatenate([np.zeros(HALF, np.float32), _unit(counts) if text.strip() else np.zeros(HALF, np.float32)])


def item_vectors(items: list[dict[str, Any]], pictures: dict[str, np.ndarray]) -> np.ndarray:
    """[items, 2 * HALF]: a picture, a text, or for a note the sum of its pictures' mean and its text."""
    out = np.zeros((len(items), 2 * HALF), np.float32)
    for row, item in enumerate(items):
        shown = [pictures[i] for i in item["image_ids"] if i in pictures]
        out[row] = _unit((np.mean(shown, axis=0) if shown else 0) + (text_vector(item["text"]) if item["text"] else 0))
    return out


def _unit(vector: np.ndarray) -> np.ndarray:
    return np.asarray(vector, np.float32) / max(float(np.linalg.norm(vector)), 1e-9)
