"""Cache of annotations, keyed by the bytes of the picture and the annotator's fingerprint."""

from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.annotate.annotation import AnnotationKind
from pipelines.items.failure_reasons import passing
from schemas.datasets import ANNOTATIONS

PICTURE_COLUMNS = ("image_id", "note_id", "sha256")
"""Columns that identify the picture of a note; the others follow from the picture's bytes."""


class CacheLookup(NamedTuple):
    """Pictures with an annotation in the cache, and pictures to annotate."""

    cached: pa.Table
    """ANNOTATIONS, one row per picture of a note with bytes that were annotated before."""
    new: pa.Table
    """Rows of IMAGES, one for each file that was not: the first in the order of note_id and image_id."""


def split_by_cache(images: pa.Table, annotations: pa.Table, kind: AnnotationKind, model: str) -> CacheLookup:
    """Divide `images` into those with a cached annotation and those to annotate.

    A row with a transient reason (the server was unavailable) is not used.

    Args:
        images: IMAGES, or any table with note_id, image_id and sha256.
        annotations: ANNOTATIONS of earlier runs; the first row of the same bytes is used.
        kind: ocr or description.
        model: the annotator's name and fingerprint; rows of another fingerprint are not used.

    Cost: one hash table of the cached sha256; linear.
    """
    lasting = pc.invert(passing(annotations["reason"]))
    same = pc.and_(pc.equal(annotations["kind"], kind), pc.equal(annotations["model"], model))
    usable = annotations.filter(pc.and_(same, lasting))
    is_cached = pc.is_in(images["sha256"], usable["sha256"].combine_chunks())
    return CacheLookup(to_every_note(images, usable), _first_of_each(images.filter(pc.invert(is_cached))))


def to_every_note(images: pa.Table, annotations: pa.Table) -> pa.Table:
    """ANNOTATIONS of files, copied to every note that has the file; a picture without an annotation gets no row.

    Args:
        images: note_id, image_id and sha256; a picture that is twice in its note gets one row.
        annotations: ANNOTATIONS of one kind and model, of any note.
    """
    pictures = images.select(["note_id", "image_id", "sha256"])
    pictures = pictures.take(_first_rows(pictures, ["note_id", "image_id"]))
    at = pc.index_in(pictures["sha256"], annotations["sha256"].combine_chunks())
    annotated = pc.is_valid(at)
    pictures, rows = pictures.filter(annotated), annotations.take(at.filter(annotated))
    columns = [pictures[name] if name in PICTURE_COLUMNS else rows[name] for name in ANNOTATIONS.columns.names]
    out = pa.Table.from_arrays(columns, schema=ANNOTATIONS.columns)
    return out.sort_by([(name, "ascending") for name in ANNOTATIONS.key])


def _first_of_each(images: pa.Table) -> pa.Table:
    ordered = images.sort_by([("note_id", "ascending"), ("image_id", "ascending")])
    return ordered.take(_first_rows(ordered, ["sha256"]))


def _first_rows(table: pa.Table, names: list[str]) -> pa.Array:
    """Indices of the first row of each value of `names`, ascending."""
    numbered = table.select(names).append_column("row", pa.array(range(table.num_rows), pa.int64()))
    first = numbered.group_by(names).aggregate([("row", "min")])["row_min"].combine_chunks()
    return first.take(pc.sort_indices(first))
