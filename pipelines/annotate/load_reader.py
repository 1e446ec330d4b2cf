"""Settings -> TextReader. Only the OCR engine that the settings name is imported.

An engine is a module with two functions: `load(settings: Ocr) -> TextReader`, and `model() -> ReaderModel`, which loads
nothing. To add one: docs/how-to/add-an-ocr.md.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Protocol, cast

from pipelines.annotate.protocol import ReaderModel, TextReader
from pipelines.annotate.settings import Ocr
from schemas.errors import SettingsError

READERS: Mapping[str, str] = {
    "rapidocr": "pipelines.annotate.rapidocr_reader",
}
"""The module of each OCR engine, by `ocr.reader`."""


class ReaderModule(Protocol):
    """What the module of an OCR engine has."""

    def model(self) -> ReaderModel:
        """Name and weights, without loading them. Raises SettingsError where the engine is not installed."""
        ...

    def load(self, settings: Ocr) -> TextReader:
        """The engine, loaded. Raises SettingsError where it is not installed."""
        ...


def reader_module(settings: Ocr) -> ReaderModule:
    """The module of the OCR engine that the settings name.

    Raises:
        SettingsError: there is no such engine; with all that there are.
    """
    if settings.reader not in READERS:
        raise SettingsError(f"ocr.reader is '{settings.reader}'; expected one of {sorted(READERS)}")
    return cast(ReaderModule, import_module(READERS[settings.reader]))
