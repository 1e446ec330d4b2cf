"""Settings of a corpus that is a folder of pictures."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFolder:
    """How a folder of pictures becomes notes. Only read when --notes is a folder of pictures without a table of notes."""

    note_is: Literal["picture", "folder"] = "picture"
    """One note a picture, or one note a sub-folder with all pictures that are right in it; pictures right in the top folder are
    a note each either way. Change it to `folder` when each post has a folder of its own."""
