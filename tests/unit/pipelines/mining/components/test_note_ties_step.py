"""Each pair of notes is tied once a reason; variants and pictures that many notes show tie weakly."""

from pipelines.items.spark_columns import spark_type
from pipelines.mining.components.note_ties_step import WIDELY_SHOWN, note_ties
from schemas.datasets import PAIRS
from schemas.intermediate import TEXT_TIES
from schemas.relations import NOTE_TIES

DDL = ", ".join(f"{c.name} {spark_type(c.type)}" for c in PAIRS.columns)


def pairs(spark, rows):
    """PAIRS of (query, target, score); an image is named "note/image"."""

    def item(name):
        note, _, image = name.partition("/")
        return ("id", "image", note, [image] if image else [], None, None)

    return spark.createDataFrame([("p", "g", "t", item(q), item(t), score, None) for q, t, score in rows], DDL)


def ties(spark, copies=(), crops=(), texts=(), variants=(), text_ties=()):
    ddl = ", ".join(f"{c.name} {spark_type(c.type)}" for c in TEXT_TIES.columns)
    mined = {"near_duplicate_image": pairs(spark, copies), "crop": pairs(spark, crops), "partial_text": pairs(spark, texts)}
    output = note_ties(mined, pairs(spark, variants), spark.createDataFrame(list(text_ties), ddl))
    assert output.rows.dtypes == [(f.name, spark_type(f.type)) for f in NOTE_TIES.columns]
    return {(r["note_id_l"], r["note_id_r"], r["reason"]): (r["weight"], r["is_weak"]) for r in output.rows.collect()}


def test_each_reason_ties_once_with_its_best_score(spark):
    found = ties(
        spark,
        copies=[("b/1", "a/1", 0.5), ("a/2", "b/2", 0.75)],
        crops=[("a/1", "b/1", 0.25)],
        texts=[("c", "a", 0.5)],
        variants=[("d/1", "a/1", 0.5)],
        text_ties=[("a", "c", 40, 0.75)],
    )
    assert found == {
        ("a", "b", "near_duplicate_image"): (0.75, False),
        ("a", "b", "crop"): (0.25, False),
        ("a", "c", "partial_text"): (0.5, False),
        ("a", "c", "text_tie"): (0.75, False),
        ("a", "d", "variant"): (0.5, True),
    }


def test_a_picture_that_reaches_many_notes_ties_weakly_and_the_more_the_less(spark):
    room = [("room/1", f"product{k}/1", 1.0) for k in range(WIDELY_SHOWN + 2)]
    few = [("post/1", f"repost{k}/1", 1.0) for k in range(WIDELY_SHOWN)]
    found = ties(spark, copies=room, crops=few)
    weak = {key: value for key, value in found.items() if value[1]}
    assert weak == {(f"product{k}", "room", "near_duplicate_image"): (1 / (WIDELY_SHOWN + 2), True) for k in range(len(room))}
    assert len(found) == len(room) + len(few)


def test_copies_and_crops_of_one_picture_are_counted_together(spark):
    found = ties(spark, copies=[("a/1", "b/1", 1.0), ("a/1", "c/1", 1.0)], crops=[("d/1", "a/1", 1.0), ("a/2", "d/2", 0.5)])
    assert found["a", "b", "near_duplicate_image"] == (1 / 3, True)
    assert found["a", "d", "crop"][1] is False  # the pictures a/2 and d/2 tie them too
