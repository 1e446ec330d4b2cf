"""Reads and encodes a chunk of items, without Ray: what its actors call. An item that fails costs only its own row."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Any

import cv2
import numpy as np
import pyarrow as pa
import torch
from pydantic import Field

from pipelines.encode.batching import batches
from pipelines.encode.item_content import BadContent, Content, ItemFailure, cut
from pipelines.encode.load_encoder import load_encoder, load_preparer
from pipelines.encode.preset import EncoderSpec
from pipelines.encode.protocol import Encoder, Prepared, Preparer
from pipelines.items.failure_reasons import Reason
from pipelines.media.decode import BadPicture, Decoding, Pixels, decode
from pipelines.media.picture_bytes import picture_bytes
from pipelines.media.read_ahead import READERS, Room, share
from pipelines.workspace.uri_credentials import redacted
from schemas.datasets import EMBEDDINGS

PreparedItems = list[Prepared | ItemFailure]
"""For each row of a chunk the arrays, or why there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batching:
    """Settings of the encoder's batches. They may change a vector by 1e-7: rounding depends on the rest of the batch."""

    max_items: Annotated[int, Field(ge=1)] = 64
    """Items of a batch. Lower it when a GPU runs out of memory."""
    max_tokens: Annotated[int, Field(ge=1)] = 32_768
    """Tokens of a padded batch: items times the longest. Lower it when a GPU runs out of memory."""
    threads: Annotated[int, Field(ge=1)] = 1
    """Threads of an actor with a model on the CPU. Many actors of one thread encode more than one actor of many threads."""


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
    """Reads and prepares items: CHUNK -> arrays, or why there are none."""

    def __init__(self, spec: EncoderSpec, root: str | None = None) -> None:
        """Load the preparer.

        Raises:
            SettingsError: a package or a file is missing.
        """
        self._preparer = load_preparer(spec)
        self._spec, self._root, self._room = spec, root, Room()

    def __call__(self, rows: pa.Table) -> PreparedItems:
        """One result for each row. Each picture is decoded once a chunk, or twice if it is both cut and shown whole.

        Cost: the chunk's pixels in memory, and of its files `read_ahead.BYTES_AHEAD` or one larger one.
        """
        items = rows.to_pylist()
        keys = sorted({(uri, decoded_side(self._spec, item["kind"])) for item in items for uri in item["uris"]})
        with ThreadPoolExecutor(READERS) as readers:
            pictures = dict(zip(keys, readers.map(lambda key: self._picture(*key), keys), strict=True))
        return [
            prepared(self._preparer, item, [pictures[uri, decoded_side(self._spec, item["kind"])] for uri in item["uris"]])
            for item in items
        ]

    def _picture(self, uri: str, longest_side: int) -> Pixels | BadPicture:
        try:
            with share(self._room) as claim:
                content = picture_bytes(uri, self._root, anywhere=True, claim=claim)
                return decode(content, Decoding(working_side=longest_side)).rgb
        except BadPicture as bad:
            return BadPicture(bad.reason, f"{redacted(uri)}: {bad.detail}")


def decoded_side(spec: EncoderSpec, kind: str) -> int:
    """Longest side in pixels to which pictures of an item are decoded: a crop is cut out before the model shrinks it."""
    return spec.longest_side if kind == "crop" else spec.whole_side or spec.longest_side


def prepared(preparer: Preparer, item: Mapping[str, Any], pictures: Sequence[Pixels | BadPicture]) -> Prepared | ItemFailure:
    """Prepare an item for the model.

    Args:
        preparer: the encoder's.
        item: its kind, region and text.
        pictures: its pictures in order, whole; a picture that failed fails the item.

    Returns:
        The arrays, or why there are none.
    """
    images = []
    for picture in pictures:
        if isinstance(picture, BadPicture):
            return picture
        images.append(picture)
    try:
        if item["kind"] == "crop":
            images = [cut(pixels, list(item["region"].values())) for pixels in images]
        return preparer.prepare(Content(kind=item["kind"], images=tuple(images), text=item["text"]))
    except BadContent as bad:
        return bad


class ChunkEncoder:
    """Encodes prepared items: -> EMBEDDINGS."""

    def __init__(self, encoder: Encoder, batching: Batching) -> None:
        """Keep the model."""
        self._encoder, self._batching = encoder, batching
        self.model = encoder.fingerprint

    def __call__(self, rows: pa.Table, items: PreparedItems) -> pa.Table:
        """EMBEDDINGS, in the order of the rows. Batches depend on the items alone: longest first, equal lengths by item_id.

        Args:
            rows: CHUNK.
            items: [rows] from the reader.
        """
        ids = rows.column("item_id").to_pylist()
        good = sorted((n for n, one in enumerate(items) if isinstance(one, Prepared)), key=ids.__getitem__)
        arrays = [one for n in good if isinstance(one := items[n], Prepared)]
        results: dict[int, np.ndarray | ItemFailure] = {n: one for n, one in enumerate(items) if not isinstance(one, Prepared)}
        lengths = [one.length for one in arrays]
        for batch in batches(lengths, self._batching.max_items, self._batching.max_tokens):
            vectors = self._encoded([arrays[k] for k in batch])
            results.update(zip((good[k] for k in batch), vectors, strict=True))
        return embedding_rows(rows, [results[n] for n in range(len(ids))], self.model)

    def _encoded(self, batch: Sequence[Prepared]) -> Sequence[np.ndarray | BadContent]:
        """Vectors of a batch; a batch that fails is encoded again item by item, so that only the cause of the failure fails."""
        try:
            vectors = self._encoder.encode(batch)
        except (RuntimeError, ValueError, IndexError, TypeError) as error:  # what torch and the models raise
            if len(batch) == 1:
                return [BadContent(Reason.MODEL_FAILED, f"{type(error).__name__}: {error}"[:300])]
            return [self._encoded([one])[0] for one in batch]
        not_finite = BadContent(Reason.MODEL_FAILED, "numbers that are not finite")
        return [vector if np.isfinite(vector).all() else not_finite for vector in vectors]


def embedding_rows(rows: pa.Table, results: Sequence[np.ndarray | ItemFailure], model: str) -> pa.Table:
    """EMBEDDINGS of CHUNK rows: each with its vector, or with reason and detail of its failure."""
    failures = [one if isinstance(one, ItemFailure) else None for one in results]
    vectors = [None if isinstance(one, ItemFailure) else one for one in results]
    columns = {name: rows.column(name) for name in ("item_id", "note_id", "pictures")}
    columns |= {
        "model": pa.array([model] * len(rows), pa.string()),
        "vector": pa.array(vectors, pa.list_(pa.float32())),
        "reason": pa.array([bad and bad.reason for bad in failures], pa.string()),
        "detail": pa.array([bad and bad.detail for bad in failures], pa.string()),
    }
    return pa.table([columns[name] for name in EMBEDDINGS.columns.names], schema=EMBEDDINGS.columns)
