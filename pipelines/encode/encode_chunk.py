"""A chunk of items, read and encoded: what the two kinds of actors do, without them. A poison item costs its own row."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Any

import cv2
import numpy as np
import pyarrow as pa
import torch
from pydantic import Field

from pipelines.encode.batching import batches
from pipelines.encode.item_content import BadContent, Content, cut, rgb
from pipelines.encode.load_encoder import load_encoder, load_preparer
from pipelines.encode.preset import EncoderSpec
from pipelines.encode.protocol import Encoder, Prepared, Preparer
from pipelines.items.failure_reasons import Reason
from pipelines.media.decode import BadPicture, Pixels
from pipelines.media.picture_bytes import picture_bytes
from pipelines.media.read_ahead import READERS, Room, share
from pipelines.workspace.uri_credentials import redacted
from schemas.datasets import EMBEDDINGS

Read = list[Prepared | BadContent]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batching:
    """Settings of the batches. Vectors may differ by 1e-7 with what is in a batch, so these do move the last bits."""

    max_items: Annotated[int, Field(ge=1)] = 64
    """Items of a batch."""
    max_tokens: Annotated[int, Field(ge=1)] = 32_768
    """Of a padded batch: items times the longest."""
    threads: Annotated[int, Field(ge=1)] = 1
    """Threads of an actor with a model on the CPU: many actors of one thread do more than one of many."""


@dataclass(frozen=True, slots=True)
class LoadReader:
    """Makes a `Reader` in its actor."""

    spec: EncoderSpec
    root: str | None = None
    """The image root, with options for its store."""

    def __call__(self) -> "Reader":
        """Load the preparer."""
        cv2.setNumThreads(1)
        return Reader(self.spec, self.root)


@dataclass(frozen=True, slots=True)
class LoadChunkEncoder:
    """Makes a `ChunkEncoder` in its actor."""

    spec: EncoderSpec
    gpu: bool
    batching: Batching

    def __call__(self) -> "ChunkEncoder":
        """Load the model."""
        torch.set_num_threads(self.batching.threads)
        return ChunkEncoder(load_encoder(self.spec, "cuda" if self.gpu else "cpu"), self.batching)


class Reader:
    """Reads and prepares: CHUNK -> arrays, or why there are none."""

    def __init__(self, spec: EncoderSpec, root: str | None = None) -> None:
        """Load the preparer.

        Raises:
            SettingsError: a package or a file is missing.
        """
        self._preparer = load_preparer(spec)
        self._spec, self._root, self._room = spec, root, Room()

    def __call__(self, rows: pa.Table) -> Read:
        """One answer a row. Each picture is read and decoded once a chunk, or twice: cut and, smaller, whole.

        Cost: the chunk's pixels in memory, and of its files `read_ahead.BYTES_AHEAD` or one larger one.
        """
        items = rows.to_pylist()
        wanted = sorted({(uri, side(self._spec, item["kind"])) for item in items for uri in item["uris"]})
        with ThreadPoolExecutor(READERS) as readers:
            pictures = dict(zip(wanted, readers.map(lambda both: self._picture(*both), wanted), strict=True))
        return [
            prepared(self._preparer, item, [pictures[uri, side(self._spec, item["kind"])] for uri in item["uris"]])
            for item in items
        ]

    def _picture(self, uri: str, longest_side: int) -> Pixels | BadContent:
        try:
            with share(self._room) as claim:
                return rgb(picture_bytes(uri, self._root, anywhere=True, claim=claim), longest_side)
        except (BadContent, BadPicture) as bad:
            return BadContent(bad.reason, f"{redacted(uri)}: {bad.detail}")


def side(spec: EncoderSpec, kind: str) -> int:
    """Pixels to decode a picture to, for an item of this kind: a crop's is cut before the model shrinks it."""
    return spec.longest_side if kind == "crop" else spec.whole_side or spec.longest_side


def prepared(preparer: Preparer, item: Mapping[str, Any], pictures: Sequence[Pixels | BadContent]) -> Prepared | BadContent:
    """What the model takes of an item, or why it cannot be had.

    Args:
        preparer: the encoder's.
        item: its kind, region and text.
        pictures: its pictures in order, whole.
    """
    shown = []
    for picture in pictures:
        if isinstance(picture, BadContent):
            return picture
        shown.append(picture)
    try:
        if item["kind"] == "crop":
            shown = [cut(pixels, list(item["region"].values())) for pixels in shown]
        return preparer.prepare(Content(kind=item["kind"], images=tuple(shown), text=item["text"]))
    except BadContent as bad:
        return bad


class ChunkEncoder:
    """Prepared items -> EMBEDDINGS."""

    def __init__(self, encoder: Encoder, batching: Batching) -> None:
        """Keep the model."""
        self._encoder, self._batching = encoder, batching
        self.model = encoder.fingerprint

    def __call__(self, rows: pa.Table, read: Read) -> pa.Table:
        """EMBEDDINGS, in the order of the rows. Batches follow from the items alone: longest first, equal lengths by item_id.

        Args:
            rows: CHUNK.
            read: the reader's answers.
        """
        ids = rows.column("item_id").to_pylist()
        good = sorted((n for n, one in enumerate(read) if isinstance(one, Prepared)), key=ids.__getitem__)
        prepared = [one for n in good if isinstance(one := read[n], Prepared)]
        said: dict[int, np.ndarray | BadContent] = {n: one for n, one in enumerate(read) if isinstance(one, BadContent)}
        lengths = [one.length for one in prepared]
        for batch in batches(lengths, self._batching.max_items, self._batching.max_tokens):
            answers = self._encoded([prepared[k] for k in batch])
            said.update(zip((good[k] for k in batch), answers, strict=True))
        return embedding_rows(rows, [said[n] for n in range(len(ids))], self.model)

    def _encoded(self, batch: Sequence[Prepared]) -> Sequence[np.ndarray | BadContent]:
        """A batch that fails is asked again one by one: one item's fault is not the others'."""
        try:
            vectors = self._encoder.encode(batch)
        except (RuntimeError, ValueError, IndexError, TypeError) as error:  # what torch and the models raise
            if len(batch) == 1:
                return [BadContent(Reason.MODEL_FAILED, f"{type(error).__name__}: {error}"[:300])]
            return [self._encoded([one])[0] for one in batch]
        broken = BadContent(Reason.MODEL_FAILED, "numbers that are not finite")
        return [vector if np.isfinite(vector).all() else broken for vector in vectors]


def embedding_rows(rows: pa.Table, said: Sequence[np.ndarray | BadContent], model: str) -> pa.Table:
    """EMBEDDINGS of CHUNK rows and what was said of each."""
    good: Callable[[Any], bool] = lambda one: not isinstance(one, BadContent)  # noqa: E731
    columns = {name: rows.column(name) for name in ("item_id", "note_id", "pictures")}
    columns |= {
        "model": pa.array([model] * len(rows), pa.string()),
        "vector": pa.array([one if good(one) else None for one in said], pa.list_(pa.float32())),
        "reason": pa.array([None if good(one) else getattr(one, "reason", None) for one in said], pa.string()),
        "detail": pa.array([None if good(one) else getattr(one, "detail", None) for one in said], pa.string()),
    }
    return pa.table([columns[name] for name in EMBEDDINGS.columns.names], schema=EMBEDDINGS.columns)
