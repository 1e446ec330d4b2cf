"""Settings and results of decoding: a working picture, or a refusal."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

Pixels = npt.NDArray[np.uint8]
"""RGB [height, width, 3] or grey [height, width]."""


class BadPicture(Exception):  # noqa: N818  # a refusal of a row, not a fault of the program
    """A file that cannot be read as a picture: goes to quarantine with its reason."""

    def __init__(self, reason: str, detail: str) -> None:
        """Keep `reason` (short, from a fixed set) apart from `detail` (free text)."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type["BadPicture"], tuple[str, str]]:
        """Both parts survive pickling."""
        return type(self), (self.reason, self.detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """Settings of `decode`."""

    working_side: Annotated[int, Field(ge=32, le=4096)] = 288
    """Longest side of the working picture, pixels; a smaller picture keeps its size.
    Source: measured, dev/log.md: 256 loses crops of a fifth, 384 costs half as much again."""
    max_pixels: Annotated[int, Field(ge=1, le=10**9 - 1)] = 100_000_000
    """Refuse a picture whose header claims more pixels: a decompression bomb. Twelve times a phone camera's."""
    max_aspect: Annotated[float, Field(ge=1, le=100_000)] = 50.0
    """Refuse a picture with a larger ratio of its sides: at working size its shorter side would vanish."""
    max_bytes: Annotated[int, Field(ge=32 << 20, le=16 << 30)] = 208 << 20
    """Refuse a picture that takes more bytes of memory to decode, its file included. The worker itself takes 80 MB: less than
    300 MB together. Enough for 30 million pixels of a PNG, 28 of a WebP; a JPEG of 100 is read at an eighth."""
    max_scans: Annotated[int, Field(ge=1, le=10_000)] = 64
    """Refuse a JPEG with more scans: each costs a pass over all pixels for a few bytes of file.
    Encoders write 10 (libjpeg) to 20 (mozjpeg)."""
    max_seconds: Annotated[float, Field(gt=0, le=3600)] = 10.0
    """Refuse a picture that takes more processor seconds. The slowest legitimate ones, JPEG 2000 and AVIF of 30 million
    pixels, took 4 on the machine of docs/results/performance.md. Only
    pictures whose header does not bound their time are limited."""


@dataclass(frozen=True, slots=True)
class DecodedPicture:
    """A working picture and the size of its original."""

    rgb: Pixels
    """[h, w, 3], longest side at most `Decoding.working_side`."""
    width: int
    """Width of the original after EXIF rotation, pixels."""
    height: int
    """Height of the original after EXIF rotation, pixels."""
