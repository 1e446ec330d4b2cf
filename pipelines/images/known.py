"""Which pictures were fingerprinted before: their sha256, searched without loading them into every worker."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

Digests = npt.NDArray[np.uint64]
"""[n, 2] the first 128 bits of n sha256, sorted: 16 bytes a picture, one memory map for all workers of a machine."""


def save_known(digests: Iterable[str], file: Path) -> None:
    """Write hex digests for `load_known`. Cost: O(n log n), 16 bytes a digest."""
    first = b"".join(bytes.fromhex(digest[:32]) for digest in digests)
    pairs = np.frombuffer(first, dtype=">u8").astype(np.uint64).reshape(-1, 2)
    np.save(file, pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))])


def load_known(file: Path) -> Digests:
    """The digests, mapped from the file and not read."""
    known: Digests = np.load(file, mmap_mode="r")
    return known


def is_known(digest: str, known: Digests) -> bool:
    """Whether a hex digest is among them. Cost: O(log n)."""
    high, low = int(digest[:16], 16), int(digest[16:32], 16)
    first = int(np.searchsorted(known[:, 0], np.uint64(high), side="left"))
    last = int(np.searchsorted(known[:, 0], np.uint64(high), side="right"))
    return bool((known[first:last, 1] == np.uint64(low)).any())
