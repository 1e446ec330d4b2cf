"""Step: ANNOTATIONS and the within-note pairs -> ANNOTATED."""

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.annotate.annotation import AnnotationKind
from pipelines.annotate.annotation_pairs import AnnotationPairs, annotation_pairs
from pipelines.annotate.modal_replacement import insert_descriptions
from pipelines.workspace.arrow_stages import ArrowOutput
from schemas.intermediate import ANNOTATED

DUPLICATE = "pairs that within_note has too"


def annotated_pairs(
    within_note: pa.Table, annotations: pa.Table, notes: pa.Table, images: pa.Table, settings: AnnotationPairs
) -> ArrowOutput:
    """The within-note pairs with descriptions, and the pairs of the annotations.

    Args:
        within_note: PAIRS.
        annotations: ANNOTATIONS.
        notes: NOTES.
        images: IMAGES.
        settings: limits of a query text.
    """
    replaced = insert_descriptions(within_note, annotations, settings)
    kinds: tuple[AnnotationKind, ...] = ("ocr", "description")
    by_kind = [annotation_pairs(annotations, notes, images, kind, settings) for kind in kinds]
    dropped: Counter[str] = Counter()
    for kind, part in zip(kinds, by_kind, strict=True):
        dropped.update({f"{kind}: {reason}": count for reason, count in part.dropped.items()})
    both = pa.concat_tables([replaced.rows, *[part.rows for part in by_kind]])
    distinct = _distinct(both)
    dropped[DUPLICATE] = len(both) - len(distinct)
    report = {"described": replaced.replaced, "left": replaced.left, "pairs": sum(len(part.rows) for part in by_kind)}
    return ArrowOutput(parts=[distinct], dropped=dropped, report=report)


def _distinct(pairs: pa.Table) -> pa.Table:
    """The first row of each pair_id, sorted by the key of PAIRS."""
    ids = pairs.column("pair_id").combine_chunks()
    first = pc.equal(pc.index_in(ids, value_set=ids), pa.array(range(len(ids)), pa.int32()))
    return pairs.filter(first).sort_by([(name, "ascending") for name in ANNOTATED.key])
