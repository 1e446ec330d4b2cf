"""The words in pictures: a gate, then rapidocr; one answer a picture, in reading order."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from itertools import groupby
from typing import Annotated, Any, Protocol

import cv2
import numpy as np
from pydantic import Field

from pipelines.annotate.annotation import NO_TEXT, AnnotationError, Answer, Line, failed_answer
from pipelines.annotate.picture_pixels import read_picture
from pipelines.annotate.rapidocr_models import DETECTOR, RECOGNISER, fingerprint, model_file
from pipelines.annotate.text_detector import Gate, TextGate
from pipelines.items.failure_reasons import Reason
from pipelines.media.decode import BadPicture, Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Ocr:
    """Settings of `OcrAnnotator`."""

    side: Annotated[int, Field(ge=64)] = 960
    """Longest side at which a picture is read, pixels; larger ones are reduced, smaller ones are read as they are.
    Source: measured. rapidocr's default, the shortest side enlarged to 736, takes two to four times as long; it reads the
    sample's words no better, and of real photos it finds words in 74 where this does in 65 (small print on packages)."""
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.8
    """A line below it is not kept. Source: measured on the sample corpus: of the lines that rapidocr sees in pictures without
    words five of six are below it, of the right lines one in a hundred (rapidocr's default is 0.5)."""
    threads: Annotated[int, Field(ge=1)] = 1
    """Threads of an actor: many actors of one thread read more than one of many."""
    gate: Gate = field(default_factory=Gate)


class Reader(Protocol):
    """Reads one picture; what it returns need not be sorted."""

    def __call__(self, rgb: Pixels) -> Sequence[Line]:
        """The lines of words in a picture. RGB [h, w, 3]."""


class RapidReader:
    """One actor's rapidocr: PP-OCR, Chinese and English, models from its wheel."""

    def __init__(self, settings: Ocr) -> None:
        """Load detector, classifier of direction and recogniser.

        Raises:
            SettingsError: rapidocr, onnxruntime or a model is not installed.
        """
        for model in (DETECTOR, RECOGNISER):
            model_file(model)
        from rapidocr import RapidOCR

        cv2.setNumThreads(settings.threads)
        engine = "EngineConfig.onnxruntime."
        self._engine: Any = RapidOCR(
            params={
                f"{engine}intra_op_num_threads": settings.threads,
                f"{engine}inter_op_num_threads": settings.threads,
                "Det.limit_type": "max",
                "Det.limit_side_len": settings.side,
                "Global.text_score": settings.min_confidence,
                "Global.log_level": "critical",
            }
        )

    def __call__(self, rgb: Pixels) -> Sequence[Line]:
        """The lines of words in a picture, in no order.

        Raises:
            AnnotationError: "reader failed", with what it said.

        Cost: 60 ms for 360 x 480 pixels, 130 for a large picture with words; one thread.
        """
        try:
            found = self._engine(np.ascontiguousarray(rgb[:, :, ::-1]))
        except Exception as error:  # rapidocr wraps what onnxruntime and OpenCV raise in types of its own
            raise AnnotationError(Reason.READER_FAILED, f"{type(error).__name__}: {error}") from error
        if found.txts is None or found.boxes is None:
            return []
        size = np.array([rgb.shape[1], rgb.shape[0]])
        quads = np.asarray(found.boxes, dtype=np.float64).reshape(-1, 4, 2) / size
        corners = np.clip(np.concatenate([quads.min(axis=1), quads.max(axis=1)], axis=1), 0.0, 1.0)
        return [
            Line(text.strip(), float(sure), (box[0], box[1], box[2], box[3]))
            for text, sure, box in zip(found.txts, found.scores, corners.tolist(), strict=True)
            if text.strip()
        ]


class OcrAnnotator:
    """One actor's OCR, called for every batch of pictures."""

    def __init__(self, settings: Ocr) -> None:
        """Load gate and reader.

        Raises:
            SettingsError: rapidocr, onnxruntime or a model is not installed.
        """
        self._settings = settings
        self._gate = TextGate(settings.gate, settings.threads)
        self._read: Reader = RapidReader(settings)
        self.model = ocr_model(settings)

    def __call__(self, contents: Sequence[bytes]) -> list[Answer]:
        """An answer for each picture file; what is wrong with one is its own answer's reason."""
        return [self._answer(content) for content in contents]

    def _answer(self, content: bytes) -> Answer:
        try:
            rgb = read_picture(content, self._settings.side)
            if not self._gate.passes(rgb):
                return Answer(reason=NO_TEXT, detail="gate")
            return read_answer(self._read(rgb))
        except (AnnotationError, BadPicture) as bad:
            return failed_answer(bad)


def ocr_model(settings: Ocr) -> str:
    """The annotator's name and fingerprint: the models' bytes and every setting that changes what is read."""
    told = {key: value for key, value in asdict(settings).items() if key != "threads"}
    package = f"rapidocr-{version('rapidocr')}"
    return f"{package}#{fingerprint(package, repr(sorted(told.items())))}"


def read_answer(lines: Sequence[Line]) -> Answer:
    """Lines as one answer: rows of the page as lines of text, its confidence the lines' mean by length."""
    if not lines:
        return Answer(reason=NO_TEXT, detail="reader")
    rows = list(reading_rows(lines))
    ordered = tuple(line for row in rows for line in row)
    weights = [len(line.text) for line in ordered]
    sure = sum(w * line.confidence for w, line in zip(weights, ordered, strict=True)) / sum(weights)
    return Answer(text="\n".join(_joined(row) for row in rows), confidence=sure, lines=ordered)


def reading_rows(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Lines as one reads them: rows from the top, each from the left.

    A line is on the row of the line before when its middle lies above the foot of that row's highest line, whatever the
    size of the picture and of its letters. Columns of a newspaper are read across.
    """
    row = 0
    numbered: list[tuple[int, Line]] = []
    first: Line | None = None
    for line in sorted(lines, key=lambda l: (_middle(l), l.region[0])):  # noqa: E741
        if first is None or _middle(line) > first.region[3]:
            row, first = row + 1, line
        numbered.append((row, line))
    for _, members in groupby(numbered, key=lambda pair: pair[0]):
        yield sorted((line for _, line in members), key=lambda l: l.region[0])  # noqa: E741


def _middle(line: Line) -> float:
    return (line.region[1] + line.region[3]) / 2


def _joined(row: Sequence[Line]) -> str:
    """Chinese stands together, other words are parted by a space."""
    text = " ".join(line.text for line in row)
    return re.sub(r"(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])", "", text)
