"""OCR by rapidocr: PP-OCR for Chinese and English, with the models of its wheel."""

import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import cv2
import numpy as np

from pipelines.annotate.annotation import AnnotationError, TextLine
from pipelines.annotate.protocol import ReaderModel, TextReader
from pipelines.annotate.rapidocr_models import DETECTOR, RECOGNISER, model_file
from pipelines.annotate.settings import Ocr
from pipelines.items.failure_reasons import Reason
from pipelines.media.decode import Pixels

MODELS = (DETECTOR, RECOGNISER)


def model() -> ReaderModel:
    """Rapidocr's version, and the bytes of both models. Cost: 30 MB hashed.

    Raises:
        SettingsError: rapidocr, onnxruntime or a model is not installed.
    """
    weights = b"".join(hashlib.sha256(model_file(name).read_bytes()).digest() for name in MODELS)
    return ReaderModel(f"rapidocr-{version('rapidocr')}", weights)


def load(settings: Ocr) -> TextReader:
    """As `RapidReader`."""
    return RapidReader(settings)


class RapidReader:
    """One actor's rapidocr."""

    def __init__(self, settings: Ocr) -> None:
        """Load the detector, the classifier of direction and the recogniser.

        Raises:
            SettingsError: rapidocr, onnxruntime or a model is not installed.
        """
        for name in MODELS:
            model_file(name)
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

    def __call__(self, rgb: Pixels) -> Sequence[TextLine]:
        """The lines of text in a picture, unsorted.

        Raises:
            AnnotationError: "reader failed", with rapidocr's message.

        Cost: 60 ms for 360 x 480 pixels, 130 for a large picture with words; one thread.
        """
        try:
            result = self._engine(np.ascontiguousarray(rgb[:, :, ::-1]))
        except Exception as error:  # rapidocr wraps what onnxruntime and OpenCV raise in types of its own
            raise AnnotationError(Reason.READER_FAILED, f"{type(error).__name__}: {error}") from error
        if result.txts is None or result.boxes is None:
            return []
        size = np.array([rgb.shape[1], rgb.shape[0]])
        quads = np.asarray(result.boxes, dtype=np.float64).reshape(-1, 4, 2) / size
        corners = np.clip(np.concatenate([quads.min(axis=1), quads.max(axis=1)], axis=1), 0.0, 1.0)
        return [
            TextLine(text.strip(), float(confidence), (box[0], box[1], box[2], box[3]))
            for text, confidence, box in zip(result.txts, result.scores, corners.tolist(), strict=True)
            if text.strip()
        ]
