"""The fingerprint of a picture: hashes, features and thumbnail from one decode. No engine."""

from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import cv2
from pydantic import Field

from pipelines.media.decode import DecodedPicture, Decoding, Pixels, decode, shrunk
from pipelines.mining.images.fingerprint.deskew import straightened
from pipelines.mining.images.fingerprint.feature_codec import pack
from pipelines.mining.images.fingerprint.local_features import Detection, detect
from pipelines.mining.images.fingerprint.perceptual_hashes import exposed_hash, pdq_hashes, pdq_picture, phash64, surface

LONG = 3.5
"""Ratio of sides above which a picture is long, as a strip of photos is, and keeps as many pixels as one of this ratio.
A phone's screen has 2.2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """Settings of `fingerprint`."""

    thumbnail_side: Annotated[int, Field(ge=32, le=1024)] = 160
    """Longest side of the thumbnail on which pairs are verified, pixels; of a long picture it is longer."""
    thumbnail_quality: Annotated[int, Field(ge=1, le=100)] = 90
    """JPEG quality of the thumbnail, 1 to 100."""
    working_picture_quality: Annotated[int, Field(ge=1, le=100)] = 85
    """JPEG quality of the grey working picture on which strokes of text are compared, 1 to 100."""
    decoding: Decoding = field(default_factory=Decoding)
    detection: Detection = field(default_factory=Detection)


def fingerprint(content: bytes, settings: Fingerprint) -> dict[str, Any]:
    """The columns of PICTURES of a picture file, but for its sha256.

    Raises:
        BadPicture: it cannot be read.

    Cost: about 5.5 ms a picture: decode 1.6, features 2.7, hashes and thumbnail 1.
    """
    picture = _decoded(content, settings.decoding)
    upright = straightened(picture.rgb)
    grey = cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2GRAY)
    small = pdq_picture(picture.rgb)
    turns, quality = pdq_hashes(small)
    turned = turns
    if upright is not picture.rgb:
        small = pdq_picture(upright)
        turned = pdq_hashes(small)[0]
    upright_grey = grey if upright is picture.rgb else cv2.cvtColor(upright, cv2.COLOR_RGB2GRAY)
    features = detect(upright_grey, settings.detection)
    return {
        "width": picture.width,
        "height": picture.height,
        "phash": phash64(grey),
        "pdq": turns[0],
        "pdq_turns": b"".join(turned),
        "pdq_exposed": exposed_hash(small),
        "quality": quality,
        "surface": surface(quality),
        "thumbnail": _thumbnail(upright, settings),
        "working_picture": _jpeg(upright_grey, settings.working_picture_quality),
        "features": pack(features),
        "feature_count": len(features.sigmas),
    }


def _decoded(content: bytes, decoding: Decoding) -> DecodedPicture:
    """The working picture; of a long one the shorter side must not vanish."""
    picture = decode(content, decoding)
    side = _longest_side(decoding.working_side, (picture.height, picture.width))
    is_reduced = max(picture.rgb.shape) == decoding.working_side
    return decode(content, replace(decoding, working_side=side)) if is_reduced and side > decoding.working_side else picture


def _longest_side(side: int, shape: tuple[int, ...]) -> int:
    """`side`, or what gives a long picture as many pixels as one of LONG has with this side."""
    aspect = max(shape[:2]) / min(shape[:2])
    return round(side * max(1.0, aspect / LONG) ** 0.5)


def _thumbnail(rgb: Pixels, settings: Fingerprint) -> bytes:
    factor = min(1.0, _longest_side(settings.thumbnail_side, rgb.shape) / max(rgb.shape[:2]))
    size = (max(1, round(rgb.shape[1] * factor)), max(1, round(rgb.shape[0] * factor)))
    return _jpeg(cv2.cvtColor(shrunk(rgb, size), cv2.COLOR_RGB2BGR), settings.thumbnail_quality)


def _jpeg(pixels: Pixels, quality: int) -> bytes:
    """Grey [h, w] or BGR [h, w, 3] as JPEG."""
    return bytes(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])
