"""What the processes of test_lease have in common."""

from dataclasses import dataclass

import fsspec
from fsspec.implementations.local import LocalFileSystem

BEAT_S = 0.5
PATIENCE_S = 5.0
"""On a machine that others use too: a process may be without a processor for a second or two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """No settings."""


class Disk(LocalFileSystem):
    """A folder of this machine under a scheme that only fsspec knows: to the jobs it is a store."""

    protocol = "disk"


fsspec.register_implementation("disk", Disk, clobber=True)
