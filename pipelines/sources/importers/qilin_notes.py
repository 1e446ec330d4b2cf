"""Qilin's notes -> NOTES_IN."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.importers.pandas_numbers import names, whole
from pipelines.sources.importers.qilin_files import NOTE_COLUMNS, NOTES, batches
from schemas.errors import DataError
from schemas.inputs import NOTES_IN

KINDS = {1: "image", 2: "video"}
"""Of note_type."""


class Pictures:
    """Which pictures are there: Qilin's ship apart in parts of 3 GB, and hardly anybody has them all."""

    def __init__(self, root: Path) -> None:
        """`root` holds the folder `image`."""
        self.root = root
        self._parts: dict[str, bool] = {}

    def there(self, path: str) -> bool:
        """Whether a picture lies below the root; of a part that is missing no file is asked for."""
        place = PurePosixPath(path)
        if place.is_absolute() or ".." in place.parts:
            return False
        part = "/".join(place.parts[:2])
        if part not in self._parts:
            self._parts[part] = (self.root / part).is_dir()
        return self._parts[part] and (self.root / path).is_file()


def qilin_notes(qilin: Path, pictures: Pictures, topic_level: int, counts: Counter[str]) -> Iterator[pa.Table]:
    """NOTES_IN, a few thousand rows at a time, in the order of the files.

    Args:
        qilin: the folder with the folder `notes`.
        pictures: which of them are on this disk; a note keeps its text without them.
        topic_level: 1 to 3: which of the three taxonomies is the topic.
        counts: what was read, left out and made up for is added here.

    Raises:
        DataError: a column is missing or of another type.

    Cost: one look at the disk for each listed picture whose part is there.
    """
    for batch in batches(qilin / NOTES, NOTE_COLUMNS):
        counts["notes read"] += len(batch)
        rows = batch.filter(pc.is_valid(names(batch.column("note_idx"), "note_idx")))
        counts["dropped: notes without note_idx"] += len(batch) - len(rows)
        likes = whole(rows.column("accum_like_num"), "accum_like_num")
        counts["notes without a like count, taken for 0"] += likes.null_count
        columns = {
            "note_id": names(rows.column("note_idx"), "note_idx"),
            "title": rows.column("note_title"),
            "body": rows.column("note_content"),
            "topic": names(rows.column(f"taxonomy{topic_level}_id"), f"taxonomy{topic_level}_id"),
            "images": _images(rows.column("image_path"), pictures, counts),
            "like_count": pc.fill_null(likes, 0),
            "collect_count": whole(rows.column("accum_collect_num"), "accum_collect_num"),
            "comment_count": whole(rows.column("accum_comment_num"), "accum_comment_num"),
            "share_count": whole(rows.column("share_num"), "share_num"),
            "note_type": _kinds(rows.column("note_type")),
        }
        nothing = {f.name: pa.nulls(len(rows), f.type) for f in NOTES_IN if f.name not in columns}
        yield pa.table(columns | nothing).select(NOTES_IN.names)


def _images(paths: pa.Array, pictures: Pictures, counts: Counter[str]) -> pa.Array:
    """The listed pictures that are there; a path names its picture."""
    if not (pa.types.is_list(paths.type) or pa.types.is_large_list(paths.type) or pa.types.is_null(paths.type)):
        raise DataError(f"column 'image_path' is {paths.type}, expected a list of paths")
    found = []
    for listed in paths.to_pylist():
        there = [path for path in listed or [] if path and pictures.there(path)]
        counts["pictures listed"] += len(listed or [])
        counts["pictures that are not on this disk"] += len(listed or []) - len(there)
        found.append([{"image_id": path, "uri": path} for path in there])
    return pa.array(found, NOTES_IN.field("images").type)


def _kinds(types: pa.Array) -> pa.Array:
    known = pa.array(list(KINDS), pa.int64())
    return pa.array(list(KINDS.values())).take(pc.index_in(whole(types, "note_type"), value_set=known))
