"""Step: the within-note pairs of all notes."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.mining.within_note.image_pairs import crop_pairs, image_pairs, replaced_items
from pipelines.mining.within_note.settings import WithinNote
from pipelines.mining.within_note.text_pairs import passage_pairs, sentences
from pipelines.workspace.stage_output import Output


def within_note_pairs(
    items_of_notes: DataFrame, images: DataFrame, copies: DataFrame, settings: WithinNote, seed: int
) -> Output:
    """PAIRS of parts and their note: image, crop and passage, each way that method.md section 1 names.

    Args:
        items_of_notes: note_id, item (`pipelines.items.spark_columns.note_items`).
        images: IMAGES, the readable pictures.
        copies: sha256_l, sha256_r of pictures that are copies of each other.
        settings: how many of each.
        seed: of the hashes that select parts.

    Cost: shuffles of the pictures by note and of the sentences by their letters and by note; no model.
    """
    parts = replaced_items(items_of_notes, images, copies)
    passages = sentences(items_of_notes, settings)
    rows = (
        image_pairs(parts, settings, seed)
        .unionByName(crop_pairs(parts, settings, seed))
        .unionByName(passage_pairs(passages, items_of_notes, settings, seed))
    )
    nothing_left = parts.where(~F.col("has_rest")).agg(F.count("*").alias("rows"))
    boilerplate = passages.where(F.col("notes") > settings.max_notes_per_passage).agg(F.count("*").alias("rows"))
    dropped = nothing_left.select(F.lit("pictures whose note is empty without them").alias("reason"), "rows").unionByName(
        boilerplate.select(F.lit("sentences of more than max_notes_per_passage notes").alias("reason"), "rows")
    )
    return Output(rows, dropped)
