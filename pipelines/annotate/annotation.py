"""The annotation of one picture, and annotations as rows of ANNOTATIONS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from pipelines.items.failure_reasons import Reason
from pipelines.media.decode import BadPicture
from schemas.datasets import ANNOTATIONS

AnnotationKind = Literal["ocr", "description"]

NO_TEXT = Reason.NO_TEXT
"""The gate skipped the picture, or the OCR engine read no line with enough confidence."""
UNAVAILABLE = Reason.SERVER_UNAVAILABLE


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of text in a picture."""

    text: str
    confidence: float
    """0 to 1."""
    region: tuple[float, float, float, float]
    """x0, y0, x1, y1 of the upright box, fractions of the picture's width and height."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A text, or the reason why there is none: a bad picture fails only its own row."""

    text: str | None = None
    confidence: float | None = None
    lines: tuple[TextLine, ...] | None = None
    reason: str | None = None
    detail: str | None = None
    model: str | None = None
    """The row's model, where it differs from the annotator's (the caption describer: title or body)."""


class AnnotationError(Exception):
    """One picture cannot be annotated; becomes its row's reason."""

    def __init__(self, reason: str, detail: str) -> None:
        """Keep `reason` (short, from a fixed set) apart from `detail` (the particulars)."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def failed_annotation(error: AnnotationError | BadPicture) -> Annotation:
    """The annotation of a picture that cannot be read or annotated: reason and detail, the latter cut at 300 characters."""
    return Annotation(reason=error.reason, detail=error.detail[:300])


def annotation_rows(
    pictures: Sequence[Mapping[str, Any]], annotations: Sequence[Annotation], kind: AnnotationKind, model: str
) -> pa.Table:
    """ANNOTATIONS: the rows of one annotator.

    Args:
        pictures: image_id, note_id and sha256 of each; other keys are ignored.
        annotations: one per picture, in the same order.
        kind: ocr or description.
        model: the annotator's name and fingerprint.
    """
    rows = [
        {
            "image_id": picture["image_id"],
            "note_id": picture["note_id"],
            "sha256": picture["sha256"],
            "kind": kind,
            "model": annotation.model or model,
            "text": annotation.text,
            "confidence": annotation.confidence,
            "lines": None if annotation.lines is None else [_line(line) for line in annotation.lines],
            "reason": annotation.reason,
            "detail": annotation.detail,
        }
        for picture, annotation in zip(pictures, annotations, strict=True)
    ]
    return pa.Table.from_pylist(rows, ANNOTATIONS.columns)


def _line(line: TextLine) -> dict[str, Any]:
    region = dict(zip(("x0", "y0", "x1", "y1"), line.region, strict=True))
    return {"text": line.text, "confidence": line.confidence, "region": region}
