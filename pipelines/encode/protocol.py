"""The two protocols of an encoder backend: a preparer that needs no weights, and an encoder that takes prepared arrays.

They run in different processes: decoding, resizing and tokenising use many processors, the model
has its device to itself. `Prepared` is what travels between them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from pipelines.encode.item_content import Content

Vectors = npt.NDArray[np.float32]
"""[n, dimensions], rows of unit length."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An item as arrays, ready for a batch; travels between processes."""

    arrays: Mapping[str, npt.NDArray[Any]]
    """By names that the backend chooses."""
    length: int
    """Cost of the item in a batch, in tokens: batches are sorted by it."""

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(a.nbytes for a in self.arrays.values())


class Preparer(Protocol):
    """Turns contents into arrays, on a CPU, without the weights."""

    def prepare(self, content: Content) -> Prepared:
        """The item's arrays.

        Raises:
            BadContent: the item has nothing that this encoder reads.
        """
        ...


class Encoder(Protocol):
    """Turns prepared items into unit vectors."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    @property
    def fingerprint(self) -> str:
        """64 hex digits of the weights and of every setting that changes vectors; never of a name.

        Equal fingerprints mean equal vectors: those of an earlier run are reused.
        """
        ...

    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """Encode a batch.

        Args:
            batch: at least one item. The other items of a batch do not change an item's vector, except for rounding (1e-5 in
                float32).

        Returns:
            [len(batch), dimensions] float32, rows of unit length, in the order of the batch.
        """
        ...
