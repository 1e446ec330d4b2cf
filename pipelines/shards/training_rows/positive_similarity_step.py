"""The similarity of each query and its positive, from the vectors of the reference encoder."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.items import spark_columns
from pipelines.shards.training_rows.pair_similarity import maxsim
from schemas.item import UNDESCRIBED, Kind

SCORED = "pair_id string, similarity double"


def similarities(pairs: DataFrame, embeddings: DataFrame, ocr: DataFrame) -> DataFrame:
    """pair_id, similarity, computed as for the candidates of mine_hard_negatives; a pair without vectors has no row.

    The elements of a note are its pictures, the text in them, its title, its body and the note itself; the largest product
    counts.

    Args:
        pairs: pair_id, query_id, positive (ITEM).
        embeddings: item_id, vector, of one encoder, without missing vectors.
        ocr: image_id, words: the text in a picture.

    Cost: the vectors of queries and of positives' elements are shuffled once and joined to the pairs: d * 4 bytes per
    pair for its query and for each element of its positive. A positive of many pairs is one row on its side of the join.
    """
    targets = pairs.select(F.col("positive.item_id").alias("positive_id"), "positive").dropDuplicates(["positive_id"])
    elements = (
        _elements(targets, ocr)
        .join(embeddings.withColumnRenamed("item_id", "element_id"), on="element_id", how="inner")
        .groupBy("positive_id")
        .agg(F.collect_list("vector").alias("elements"))
    )
    ids = pairs.select("pair_id", "query_id", F.col("positive.item_id").alias("positive_id"))
    queries = ids.join(embeddings.withColumnRenamed("item_id", "query_id"), on="query_id", how="inner")
    both = queries.join(elements, on="positive_id", how="inner").select("pair_id", "vector", "elements")
    return both.mapInArrow(_scored, SCORED)


def _elements(targets: DataFrame, ocr: DataFrame) -> DataFrame:
    """positive_id, element_id: the elements of each item. Elements without a vector drop out in the join."""
    note = targets.where(F.col("positive.kind") == "note")
    pictures = note.select("positive_id", "positive.note_id", F.explode("positive.image_ids").alias("image_id"))
    with_text = pictures.join(ocr, on="image_id", how="inner")
    parts = [
        targets.select("positive_id", F.col("positive_id").alias("element_id")),
        pictures.select("positive_id", _element_id("image", F.col("note_id"), F.array("image_id"))),
        with_text.select("positive_id", _element_id("ocr", F.col("note_id"), text=F.col("words"))),
    ]
    cut = F.instr("positive.text", "\n")
    title = F.col("positive.text").substr(F.lit(1), cut - 1)
    body = F.regexp_replace(F.expr("substring(positive.text, instr(positive.text, '\n') + 1)"), f"\\Q{UNDESCRIBED}\\E$", "")
    parts += [note.select("positive_id", _element_id("text", F.col("positive.note_id"), text=part)) for part in (title, body)]
    elements = parts[0]
    for rows in parts[1:]:
        elements = elements.unionByName(rows)
    return elements.distinct()


def _element_id(kind: Kind, note_id: Column, image_ids: Column | None = None, text: Column | None = None) -> Column:
    return spark_columns.item(kind, note_id, image_ids, text=text)["item_id"].alias("element_id")


def _scored(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        if not batch.num_rows:
            continue
        vectors, elements = batch.column("vector"), batch.column("elements")
        counts = np.asarray(elements.value_lengths(), np.int64)
        width = len(vectors.flatten()) // batch.num_rows
        shaped = [np.asarray(flat, np.float32).reshape(-1, width) for flat in (vectors.flatten(), elements.flatten().flatten())]
        scores = maxsim(shaped[0], shaped[1], counts).astype(np.float64)
        yield pa.RecordBatch.from_arrays([batch.column("pair_id"), pa.array(scores)], names=["pair_id", "similarity"])
