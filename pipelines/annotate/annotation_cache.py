"""Which pictures were annotated before: by the bytes of the picture and the annotator's fingerprint."""

from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.annotate.annotation import AnnotationKind
from pipelines.items.failure_reasons import passing
from schemas.datasets import ANNOTATIONS

PLACE = ("image_id", "note_id", "sha256")
"""What a row has of its picture; all else was said of the bytes."""


class Split(NamedTuple):
    """Pictures that are known, and pictures to ask for."""

    known: pa.Table
    """ANNOTATIONS, a row for each picture of a note whose bytes were annotated before."""
    new: pa.Table
    """Rows of IMAGES, one for each file that was not: its first in the order of note_id and image_id."""


def split_by_cache(images: pa.Table, annotations: pa.Table, kind: AnnotationKind, model: str) -> Split:
    """What is known of `images`, and what must be asked.

    A row whose reason lies with the hour (the server was away) is not known.

    Args:
        images: IMAGES, or any table with note_id, image_id and sha256.
        annotations: ANNOTATIONS of earlier runs; of the same bytes the first row counts.
        kind: ocr or description.
        model: the annotator's name and fingerprint; another fingerprint's rows are not known.

    Cost: one hash table of the known sha256; linear.
    """
    lasting = pc.invert(passing(annotations["reason"]))
    same = pc.and_(pc.equal(annotations["kind"], kind), pc.equal(annotations["model"], model))
    cached = annotations.filter(pc.and_(same, lasting))
    known = spread(images, cached)
    found = pc.is_in(images["sha256"], cached["sha256"].combine_chunks())
    return Split(known, _first_of_each(images.filter(pc.invert(found))))


def spread(images: pa.Table, answers: pa.Table) -> pa.Table:
    """ANNOTATIONS: what was said of a file, for every picture of a note that is that file; others get no row.

    Args:
        images: note_id, image_id and sha256; a picture that stands in its note twice gets one row.
        answers: ANNOTATIONS of one kind and model, whatever note they were asked for.
    """
    places = images.select(["note_id", "image_id", "sha256"])
    places = places.take(_first_rows(places, ["note_id", "image_id"]))
    at = pc.index_in(places["sha256"], answers["sha256"].combine_chunks())
    said = pc.is_valid(at)
    places, rows = places.filter(said), answers.take(at.filter(said))
    columns = [places[name] if name in PLACE else rows[name] for name in ANNOTATIONS.columns.names]
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
