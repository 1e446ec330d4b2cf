"""rapidocr's model files: where they are installed, and an onnxruntime session of one of them."""

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from schemas.errors import SettingsError

DETECTOR = "PP-OCRv6_det_small.onnx"
RECOGNISER = "PP-OCRv6_rec_small.onnx"
INSTALL = "pip install rapidocr==3.10.0 onnxruntime==1.32.0"


def session(model: str, threads: int) -> Any:  # noqa: ANN401  # onnxruntime has no types
    """An onnxruntime session of a model in rapidocr's wheel, on the CPU.

    Raises:
        SettingsError: rapidocr, onnxruntime or the model is missing.
    """
    file = model_file(model)
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    options.log_severity_level = 4
    return InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def model_file(model: str) -> Path:
    """The path of a model in rapidocr's wheel.

    Raises:
        SettingsError: rapidocr, onnxruntime or the model is missing.
    """
    for package in ("rapidocr", "onnxruntime"):
        if find_spec(package) is None:
            raise SettingsError(f"ocr: the package '{package}' is not installed, which reads the text in pictures; {INSTALL}")
    package_spec = find_spec("rapidocr")
    file = Path(package_spec.origin or "").parent / "models" / model if package_spec else Path(model)
    if not file.is_file():
        raise SettingsError(f"ocr: rapidocr {version('rapidocr')} has no {file}; {INSTALL}")
    return file
