"""What every backend is: a preparer that needs no weights, and an encoder that needs nothing but prepared arrays.

The two run in different processes: decoding, resizing and tokenising are work for many
processors, the model sits alone on its device. What goes between them is `Prepared`.
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
    """An item as arrays, ready for a batch; goes between processes."""

    arrays: Mapping[str, npt.NDArray[Any]]
    """By the backend's own names."""
    length: int
    """What the item costs in a batch, in tokens: batches are sorted by it."""

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(a.nbytes for a in self.arrays.values())


class Preparer(Protocol):
    """Content -> Prepared, on a processor, without the weights."""

    def prepare(self, content: Content) -> Prepared:
        """The item's arrays.

        Raises:
            BadContent: the item has nothing that this encoder reads.
        """
        ...


class Encoder(Protocol):
    """Prepared items -> unit vectors."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    @property
    def fingerprint(self) -> str:
        """64 hex digits of the weights and of every setting that changes vectors; never of a name.

        Equal fingerprints: vectors that are there already need not be computed again.
        """
        ...

    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """Vectors of the items in their order.

        Args:
            batch: at least one item; what else is in it does not change an item's vector (beyond rounding, 1e-5 in fp32).

        Returns:
            [len(batch), dimensions] float32, rows of unit length.
        """
        ...
