"""Hashes of a whole picture: 64-bit pHash, 256-bit PDQ in its eight turns and flips.

Both use the low frequencies of the picture, so the working picture serves as well as the
original. PDQ's quality measures the amount of detail; below `MIN_QUALITY` every flat
picture has much the same hash, and only its pixels can tell it from another.
"""

import cv2
import numpy as np
import numpy.typing as npt
import pdqhash
from PIL import Image
from scipy import fftpack

from pipelines.media.decode import Pixels
from pipelines.mining.images.verify.channel_stats import median

MIN_QUALITY = 50
"""PDQ quality below which hashes say little. Source: Meta's ThreatExchange, hashing.pdf, "quality"."""
PDQ_SIDE = 64
"""Both sides that a picture is averaged down to, pixels: the size that PDQ samples at, for every picture alike."""
EXPOSURE = 1.3
"""Gain of an overexposed copy, about."""

_MIRROR = np.array([[-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
_FLIP = np.array([[1.0, 0.0, 0.0], [0.0, -1.0, 1.0], [0.0, 0.0, 1.0]])
_TRANSPOSE = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
TURNS = (
    np.eye(3), _FLIP @ _TRANSPOSE, _MIRROR @ _FLIP, _MIRROR @ _TRANSPOSE,
    _FLIP, _MIRROR, _TRANSPOSE, _MIRROR @ _FLIP @ _TRANSPOSE,
)  # fmt: skip
"""The map of the unit square of each of pdqhash's eight turns: identity, 90, 180, 270 degrees, then mirrored ones."""


def phash64(grey: Pixels) -> int:
    """The 64-bit pHash of a grey picture [h, w] as a signed integer, first bit highest.

    The bits of imagehash.phash(Image.fromarray(grey)): the median is over 8 x 8 low
    frequencies of 32 x 32 Lanczos samples. scipy's transform and not a matrix product, so
    that ties of flat pictures fall the same way.

    Source: imagehash 4.3, phash; Krawetz, "Looks Like It", 2011.
    """
    small = np.asarray(Image.fromarray(grey).resize((32, 32), Image.Resampling.LANCZOS))
    low = fftpack.dct(fftpack.dct(small, axis=0), axis=1)[:8, :8]
    bits = np.packbits(low > median(low.ravel()))
    return int.from_bytes(bits.tobytes(), "big", signed=True)


def pdq_picture(rgb: Pixels) -> Pixels:
    """[PDQ_SIDE, PDQ_SIDE, 3] the picture as `pdq_hashes` and `exposed_hash` take it.

    A picture of twice that is averaged by two first, without its last row or column where they are odd: OpenCV does that
    thirteen times faster than any other step.
    """
    height, width = (side // 2 for side in rgb.shape[:2])
    if min(height, width) >= PDQ_SIDE:
        rgb = cv2.resize(rgb[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(rgb, (PDQ_SIDE, PDQ_SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def pdq_hashes(small: Pixels) -> tuple[list[bytes], int]:
    """The eight 32-byte PDQ hashes of a `pdq_picture`'s turns and flips (`TURNS`), and the quality 0 to 100.

    Computed on PDQ_SIDE x PDQ_SIDE: 12 of 256 bits on average from pdqhash.compute of the full
    picture, about as far as pdqhash's own hashes of two sizes of one picture are apart (dev/log.md).

    Source: Facebook, PDQ (ThreatExchange, hashing.pdf).
    """
    vectors, quality = pdqhash.compute_dihedral(small)
    return [np.packbits(vector).tobytes() for vector in vectors], int(quality)


def exposed_hash(small: Pixels) -> bytes:
    """The PDQ hash of a `pdq_picture` overexposed by EXPOSURE: 32 bytes, to be looked up among the plain hashes.

    White products blow out and have another hash; of overexposed copies (gain 1.35) 98 % are
    within 31 bits of this one, 79 % within 40 of the plain one (dev/log.md).
    """
    vector, _ = pdqhash.compute(cv2.convertScaleAbs(small, alpha=EXPOSURE))
    return np.packbits(vector).tobytes()


def hamming(a: bytes, b: bytes) -> int:
    """In how many bits two hashes of the same length differ.

    >>> hamming(bytes([0b1010]), bytes([0b0110]))
    2
    """
    return (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()


def surface(quality: int) -> str:
    """'photo', or 'flat' where a hash cannot tell the picture from another one as plain."""
    return "photo" if quality >= MIN_QUALITY else "flat"


def bits(packed: bytes) -> npt.NDArray[np.uint8]:
    """[256] zeros and ones of a PDQ hash, in the order of pdqhash."""
    return np.unpackbits(np.frombuffer(packed, np.uint8))
