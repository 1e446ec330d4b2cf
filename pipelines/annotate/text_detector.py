"""Which pictures hold words worth reading: the text detector on a small picture, and how its finds look."""

from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipelines.annotate.rapidocr_models import DETECTOR, session
from pipelines.media.decode import Pixels

Grid = npt.NDArray[np.float32]
"""[h, w] a probability for each pixel of the small picture."""

STEP = 32
"""The detector wants sides in whole steps of this many pixels."""
LIKELY = 0.2
"""A pixel of a find is text at least this likely. Below rapidocr's own 0.3, since small print fades in a small picture."""
STRONG = 100.0
"""A Sobel step of this many grey levels is the edge of a stroke; soft things that the detector takes for words have none."""
SMALLEST = 4
"""Pixels; a smaller find is noise."""
MOST_FINDS = 80
"""More are not looked at: with so many the picture has words, or none of them is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Settings of `TextGate`; docs/explanation/algorithms/annotate.md has the curve that they were read from."""

    side: Annotated[int, Field(ge=64)] = 320
    """Longest side of the picture that is looked at, pixels; half of it halves the cost and loses print below 1/30 of it."""
    min_score: Annotated[float, Field(ge=0, le=1)] = 0.1
    """A picture that scores less is not read; 0 reads every picture.
    Source: measured. Every picture of the sample corpus with words scores more than 0.45, a quarter of real photos pass."""


class TextGate:
    """One actor's gate: the detector is loaded once."""

    def __init__(self, settings: Gate, threads: int = 1) -> None:
        """Load the detector.

        Raises:
            SettingsError: rapidocr or onnxruntime is not installed.
        """
        self._settings = settings
        self._session = session(DETECTOR, threads)

    def score(self, rgb: Pixels) -> float:
        """How much the picture looks as if it held words, 0 to 1. Cost: 14 ms at 320 pixels, 9 at 256, one thread."""
        small = _small(rgb, self._settings.side)
        likely = self._session.run(None, {"x": _input(small)})[0][0, 0]
        return word_score(likely, cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))

    def passes(self, rgb: Pixels) -> bool:
        """Whether the picture is worth reading."""
        return self._settings.min_score <= 0 or self.score(rgb) >= self._settings.min_score


def word_score(likely: Grid, grey: npt.NDArray[np.uint8]) -> float:
    """The most wordlike find's score, 0 to 1: `p^2 * fill * edges * min(1, length / (2 * height))`.

    p is its mean probability, fill the share of its upright box around it (turned with it) that it covers, edges the share of
    its pixels with a strong edge, length and height those of the box. A line of words is sure, full, sharp and long;
    the rims, leaves and patterns that the detector alone takes for words fail in one of the four.

    Args:
        likely: [h, w] probability of text.
        grey: [h, w] uint8, the picture at that size.
    """
    edges = np.maximum(np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0)), np.abs(cv2.Sobel(grey, cv2.CV_32F, 0, 1))) > STRONG
    found, labels, boxes, _ = cv2.connectedComponentsWithStats((likely > LIKELY).astype(np.uint8))
    best = 0.0
    for n in range(1, min(found, MOST_FINDS)):
        x, y, width, height, area = (int(v) for v in boxes[n])
        if area < SMALLEST:
            continue
        here = (slice(y, y + height), slice(x, x + width))
        inside = labels[here] == n
        _, sides, _ = cv2.minAreaRect(np.argwhere(inside).astype(np.float32))
        length, breadth = max(sides) + 1, min(sides) + 1
        sure = float(likely[here][inside].mean())
        fill = min(1.0, area / (length * breadth))
        best = max(best, sure**2 * fill * float(edges[here][inside].mean()) * min(1.0, length / breadth / 2))
    return best


def _small(rgb: Pixels, side: int) -> Pixels:
    height, width = rgb.shape[:2]
    factor = side / max(height, width)
    size = [max(STEP, round(v * factor / STEP) * STEP) for v in (width, height)]
    return np.asarray(cv2.resize(rgb, (size[0], size[1]), interpolation=cv2.INTER_AREA))


def _input(rgb: Pixels) -> npt.NDArray[np.float32]:
    """[1, 3, h, w] in BGR, -1 to 1: what rapidocr gives the detector."""
    levels = rgb[:, :, ::-1].astype(np.float32) / 127.5 - 1.0
    return np.ascontiguousarray(levels.transpose(2, 0, 1)[None])
