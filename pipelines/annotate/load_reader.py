"""Settings -> TextReader. Only the OCR engine that the settings name is imported.

An engine is a module with two functions: `load(settings: Ocr) -> TextReader`, and `model() -> ReaderModel`, which loads
nothing. To add one: docs/how-to/add-an-ocr.md.
"""

from typing import Protocol

from pipelines.annotate.protocol import ReaderModel, TextReader
from pipelines.annotate.settings import Ocr
from schemas.errors import SettingsError


class ReaderModule(Protocol):
    """The functions that a module of an OCR engine has."""

    def model(self) -> ReaderModel:
        """Name and weights, without loading them. Raises SettingsError where the engine is not installed."""
        ...

    def load(self, settings: Ocr) -> TextReader:
        """The engine, loaded. Raises SettingsError where it is not installed."""
        ...


def reader_module(settings: Ocr) -> ReaderModule:
    """The module of the OCR engine that the settings name.

    Raises:
        SettingsError: there is no such engine.
    """
    match settings.reader:
        case "rapidocr":
            from pipelines.annotate import rapidocr_reader

            return rapidocr_reader
    raise SettingsError(f"ocr.reader is '{settings.reader}'; expected an engine of annotate/load_reader.py, such as 'rapidocr'")
