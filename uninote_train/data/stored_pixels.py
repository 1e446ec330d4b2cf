"""The bytes of a picture in a shard -> pixels. `jobs/build_shards.py` wrote each as JPEG: none is an untrusted file."""

import cv2
import numpy as np

from uninote_train.models.protocol import Pixels


def stored_pixels(content: bytes | memoryview) -> Pixels | None:
    """RGB [height, width, 3]; None where the bytes are not a picture, or declare more pixels than OpenCV accepts."""
    if not len(content):
        return None
    try:
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error:
        return None
    return None if pixels is None else np.asarray(pixels, np.uint8)
