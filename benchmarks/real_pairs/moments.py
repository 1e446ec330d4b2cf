"""Pairs of frames of a video whose camera stands still: one view at two moments, which are no copies."""

from collections.abc import Iterator
from pathlib import Path

import cv2

from benchmarks.real_pairs.template_pairs import LabelledPair

SECONDS = 0.5
"""Between two frames that are taken; people have walked on by then."""
MOST_FRAMES = 160
APART = (1, 3, 7, 15)
"""Frames between the two of a pair."""


def moment_pairs(video: Path) -> Iterator[LabelledPair]:
    """Pairs of frames of a video file, half a second to eight seconds apart."""
    frames = list(_frames(video))
    for k, frame in enumerate(frames):
        for step in APART:
            if k + step < len(frames):
                yield LabelledPair(f"{video.stem} {k}", video.stem, "another moment", "variant", frame, frames[k + step])


def _frames(video: Path) -> Iterator[bytes]:
    opened = cv2.VideoCapture(str(video))
    every = max(1, round(opened.get(cv2.CAP_PROP_FPS) * SECONDS))
    for number in range(every * MOST_FRAMES):
        found, frame = opened.read()
        if not found:
            return
        if number % every == 0:
            yield bytes(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 92])[1])
