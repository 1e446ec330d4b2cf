"""The text in pictures: a gate that skips pictures without words, then an OCR engine; one annotation a picture."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby

from pipelines.annotate.annotation import NO_TEXT, Annotation, AnnotationError, TextLine, failed_annotation
from pipelines.annotate.load_reader import reader_module
from pipelines.annotate.picture_pixels import read_picture
from pipelines.annotate.settings import Ocr
from pipelines.annotate.text_detector import TextGate
from pipelines.media.decode import BadPicture

NOT_IN_THE_NAME = ("threads", "reader")
"""Settings that do not change what a named model reads: the reader's own name is in the model's."""


class OcrAnnotator:
    """One actor's OCR, called for every batch of pictures."""

    def __init__(self, settings: Ocr) -> None:
        """Load the gate, unless it lets every picture pass, and the OCR engine.

        Raises:
            SettingsError: there is no such engine, or a package or model of it is not installed.
        """
        self._settings = settings
        self._gate = TextGate(settings.gate, settings.threads) if settings.gate.min_score > 0 else None
        self._read = reader_module(settings).load(settings)
        self.model = ocr_model(settings)

    def __call__(self, contents: Sequence[bytes]) -> list[Annotation]:
        """One annotation per picture file; a file that cannot be read has the reason in its own."""
        return [self._annotation(content) for content in contents]

    def _annotation(self, content: bytes) -> Annotation:
        try:
            rgb = read_picture(content, self._settings.side)
            if self._gate is not None and not self._gate.passes(rgb):
                return Annotation(reason=NO_TEXT, detail="gate")
            return page_text(self._read(rgb))
        except (AnnotationError, BadPicture) as error:
            return failed_annotation(error)


def ocr_model(settings: Ocr) -> str:
    """The annotator's name and fingerprint: the model files and every setting that changes what is read.

    Raises:
        SettingsError: as `OcrAnnotator`.
    """
    reader = reader_module(settings).model()
    options = sorted((key, value) for key, value in asdict(settings).items() if key not in NOT_IN_THE_NAME)
    digest = hashlib.sha256(reader.weights + f"{reader.name}\n{options!r}".encode()).hexdigest()
    return f"{reader.name}#{digest[:12]}"


def page_text(lines: Sequence[TextLine]) -> Annotation:
    """Lines as one annotation: rows of the page as lines of text, the confidence the lines' mean weighted by length."""
    if not lines:
        return Annotation(reason=NO_TEXT, detail="reader")
    rows = list(reading_rows(lines))
    ordered = tuple(line for row in rows for line in row)
    weights = [len(line.text) for line in ordered]
    confidence = sum(w * line.confidence for w, line in zip(weights, ordered, strict=True)) / sum(weights)
    return Annotation(text="\n".join(_joined(row) for row in rows), confidence=confidence, lines=ordered)


def reading_rows(lines: Sequence[TextLine]) -> Iterator[list[TextLine]]:
    """Lines in reading order: rows from the top, each from the left.

    A line is on the current row if its middle is above the bottom of that row's first (highest) line, whatever the
    size of the picture and of its letters. Columns of a newspaper are read across.
    """
    row = 0
    numbered: list[tuple[int, TextLine]] = []
    first: TextLine | None = None
    for line in sorted(lines, key=lambda l: (_middle(l), l.region[0])):  # noqa: E741
        if first is None or _middle(line) > first.region[3]:
            row, first = row + 1, line
        numbered.append((row, line))
    for _, members in groupby(numbered, key=lambda pair: pair[0]):
        yield sorted((line for _, line in members), key=lambda l: l.region[0])  # noqa: E741


def _middle(line: TextLine) -> float:
    return (line.region[1] + line.region[3]) / 2


def _joined(row: Sequence[TextLine]) -> str:
    """The row's text: no space between Chinese characters, one between other words."""
    text = " ".join(line.text for line in row)
    return re.sub(r"(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])", "", text)
