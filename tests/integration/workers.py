"""Small readers and models for the pools: what they do to a row is written in its text."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipelines.encode.chunk import CHUNK, embedding_rows
from pipelines.encode.content import BadContent
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
    """A model: a vector of two numbers a text. 'kill' ends its process, 'kill once' does so the first time, 'bad' is refused."""

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
        for text in texts:
            again = self.folder / "died"
            if text == "kill" or (text == "kill once" and not again.exists()):
                again.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        said = [BadContent("bad", t) if t.startswith("bad") else [float(len(t)), 1.0] for t in texts]
        return embedding_rows(chunk, said, self.model)


@dataclass(frozen=True)
class Unloadable:
    def __call__(self):
        raise SettingsError("encoder.path /nowhere: no weights")
