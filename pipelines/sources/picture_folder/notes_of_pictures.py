"""Notes from the pictures of a folder and their captions. No engine, nothing is opened."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import pyarrow as pa

from pipelines.sources.picture_folder.captions import Caption
from pipelines.sources.picture_folder.folder_files import natural_order
from pipelines.sources.picture_folder.settings import PictureFolder
from schemas.inputs import NOTES_IN

SCHEMA = pa.schema([NOTES_IN.field(name) for name in ("note_id", "title", "body", "topic", "images")])
"""Of NOTES_IN the columns that a picture can fill; no like_count: the filter is off."""


def notes_of_pictures(
    pictures: Sequence[str],
    captions: Mapping[str, Caption],
    settings: PictureFolder,
    texts: Mapping[str, str] | None = None,
    rows: Mapping[str, Sequence[str]] | None = None,
) -> pa.Table:
    """SCHEMA rows in the order of their note_id, which is the path of the picture or of the folder.

    Args:
        pictures: paths relative to the corpus.
        captions: picture -> what is written of it.
        settings: one note a picture or a folder.
        texts: folder -> the text of the only .txt in it that belongs to no picture; for notes that are folders.
        rows: first picture -> all pictures of a table's row that names several: such a row is a note, whatever the settings.

    A folder's note has its pictures in natural order (2 before 10) and their distinct captions, a line each. The topic is the
    caption's, else the name of the folder above.
    """
    groups: dict[str, list[str]] = {first: list(named) for first, named in (rows or {}).items()}
    grouped = {picture for named in groups.values() for picture in named}
    for picture in pictures:
        if picture in grouped:
            continue
        folder = str(PurePosixPath(picture).parent)
        note_id = folder if settings.note_is == "folder" and folder != "." else picture
        groups.setdefault(note_id, []).append(picture)
    ordered = {
        note_id: named if note_id in (rows or {}) else sorted(named, key=natural_order) for note_id, named in groups.items()
    }
    notes = [_note(note_id, ordered[note_id], captions, texts) for note_id in sorted(ordered)]
    return pa.Table.from_pylist(notes, schema=SCHEMA)


def _note(
    note_id: str, ordered: Sequence[str], captions: Mapping[str, Caption], texts: Mapping[str, str] | None
) -> dict[str, object]:
    written = [captions[picture] for picture in ordered if picture in captions]
    bodies = [texts[note_id]] if texts and note_id in texts else []
    return {
        "note_id": note_id,
        "title": next((c.title for c in written if c.title), None),
        "body": "\n".join(dict.fromkeys(bodies + [c.body for c in written if c.body])) or None,
        "topic": next((c.topic for c in written if c.topic), PurePosixPath(note_id).parent.name or None),
        "images": [{"image_id": picture, "uri": _uri(picture)} for picture in ordered],
    }


def _uri(picture: str) -> str:
    """The path as a uri below the image root: `data:1.jpg` is a file, not a scheme."""
    return f"./{picture}" if picture[:5].lower() in ("file:", "data:") else picture
