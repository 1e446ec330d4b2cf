"""What an annotator answers for one picture, and such answers as rows of ANNOTATIONS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from pipelines.items.failure_reasons import Reason
from pipelines.media.decode import BadPicture
from schemas.datasets import ANNOTATIONS

AnnotationKind = Literal["ocr", "description"]

NO_TEXT = Reason.NO_TEXT
"""The gate let the picture go, or the reader read nothing that it was sure of."""
UNAVAILABLE = Reason.SERVER_UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Line:
    """A line of words in a picture."""

    text: str
    confidence: float
    """0 to 1."""
    region: tuple[float, float, float, float]
    """x0, y0, x1, y1 of the upright box, fractions of the picture's width and height."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A text, or the reason why there is none: a poison picture costs its own row."""

    text: str | None = None
    confidence: float | None = None
    lines: tuple[Line, ...] | None = None
    reason: str | None = None
    detail: str | None = None
    model: str | None = None
    """Who says it, where an annotator speaks in more than one name."""


class AnnotationError(Exception):
    """One picture cannot be annotated: goes to its own row."""

    def __init__(self, reason: str, detail: str) -> None:
        """Keep `reason` (short, from a fixed set) apart from `detail` (what was found)."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def failed_answer(error: AnnotationError | BadPicture) -> Answer:
    """The answer for a picture that cannot be read or annotated: reason and detail, the latter cut at 300 characters."""
    return Answer(reason=error.reason, detail=error.detail[:300])


def annotation_rows(
    pictures: Sequence[Mapping[str, Any]], answers: Sequence[Answer], kind: AnnotationKind, model: str
) -> pa.Table:
    """ANNOTATIONS: the answers of one annotator.

    Args:
        pictures: image_id, note_id and sha256 of each; other keys are ignored.
        answers: one for each picture, in the same order.
        kind: what was asked.
        model: who answered.
    """
    rows = [
        {
            "image_id": picture["image_id"],
            "note_id": picture["note_id"],
            "sha256": picture["sha256"],
            "kind": kind,
            "model": answer.model or model,
            "text": answer.text,
            "confidence": answer.confidence,
            "lines": None if answer.lines is None else [_line(line) for line in answer.lines],
            "reason": answer.reason,
            "detail": answer.detail,
        }
        for picture, answer in zip(pictures, answers, strict=True)
    ]
    return pa.Table.from_pylist(rows, ANNOTATIONS.columns)


def _line(line: Line) -> dict[str, Any]:
    region = dict(zip(("x0", "y0", "x1", "y1"), line.region, strict=True))
    return {"text": line.text, "confidence": line.confidence, "region": region}
