"""Small readers and models for the pools: what they do to a row is written in its text."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipelines.encode.encode_chunk import embedding_rows
from pipelines.encode.item_content import BadContent
from pipelines.items.rows_to_encode import CHUNK
from schemas.errors import SettingsError


def rows(*texts):
    """CHUNK rows of texts, a note each."""
    told = [
        {"item_id": f"i{n:03}", "note_id": f"n{n:03}", "kind": "text", "uris": [], "text": text, "pictures": "", "region": None}
        for n, text in enumerate(texts)
    ]
    return pa.Table.from_pylist(told, CHUNK)


@dataclass(frozen=True)
class Texts:
    """A reader: the texts."""

    def __call__(self):
        return lambda chunk: chunk.column("text").to_pylist()


@dataclass(frozen=True)
class Lengths:
    """A model: a vector of two numbers a text. 'kill' ends its process, 'kill once' does so the first time, 'bad' is refused.

    While the file `bad hour` is in its folder, texts that begin with 'hour' fail, and those with 'row' are refused for what
    they are; afterwards 'hour kill' ends its process.
    """

    folder: Path

    def __call__(self):
        return Model(self.folder)


class Model:
    model = "lengths"

    def __init__(self, folder):
        folder.mkdir(exist_ok=True)
        self.folder = folder

    def __call__(self, chunk, texts):
        with (self.folder / "calls").open("a") as calls:
            calls.write(f"{len(texts)}\n")
        storm = (self.folder / "bad hour").exists()
        for text in texts:
            again = self.folder / "died"
            if text == "kill" or (text == "hour kill" and not storm) or (text == "kill once" and not again.exists()):
                again.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        reasons = {"bad": "bad"} | ({"hour": "model failed", "row": "not a picture"} if storm else {})
        said = [_said(text, reasons) for text in texts]
        return embedding_rows(chunk, said, self.model)


def _said(text, reasons):
    reason = next((reason for begin, reason in reasons.items() if text.startswith(begin)), None)
    return BadContent(reason, text) if reason else [float(len(text)), 1.0]


@dataclass(frozen=True)
class Unloadable:
    def __call__(self):
        raise SettingsError("encoder.path /nowhere: no weights")
