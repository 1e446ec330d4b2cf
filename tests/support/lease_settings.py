"""Settings shared by the processes of test_lease."""

from dataclasses import dataclass

import fsspec
from fsspec.implementations.local import LocalFileSystem

BEAT_S = 0.5
PATIENCE_S = 5.0
"""Long enough for a busy machine, on which a process may not run for a second or two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSettings:
    """No settings."""


class Disk(LocalFileSystem):
    """A local folder under a scheme of fsspec's, which jobs treat as a store."""

    protocol = "disk"


fsspec.register_implementation("disk", Disk, clobber=True)
