"""The guard on a small workspace with planted copies, crops, quotes and clicks: who is taken, and under which reason."""

import numpy as np
import pyarrow as pa
import pytest

from pipelines.negatives import query_positives
from pipelines.negatives.filters.false_negative_filter import CANDIDATES, JUDGED, SCORED_POSITIVES, screen_candidates
from pipelines.negatives.filters.hash_distance import HashedPicture, HashIndex
from pipelines.negatives.filters.mined_relations import mined_relations
from pipelines.negatives.filters.removal_reasons import REASONS
from pipelines.negatives.filters.score_margins import MarginSettings
from pipelines.negatives.filters.settings import Guard
from schemas.errors import DataError
from tests.unit.pipelines.negatives.worlds import components, item, items, pair, positives

PASSAGE = "把洋葱切成细丝，再用小火慢慢炒到金黄色为止"
NOTES = ("query", "copy", "copy_of_copy", "clicked", "copy_of_clicked", "clicks_it", "quoting", "free", "freer", "other_split")
WHOLE = {n: item("note", n, [f"{n}_0"], text=f"a text of {n}" + (PASSAGE if n == "quoting" else "")) for n in NOTES}
IMAGE = {n: item("image", n, [f"{n}_0"]) for n in NOTES}
TEXT = item("text", "query", text=PASSAGE)
SPLITS = {n: "train" for n in NOTES} | {"other_split": "test"}
COMPONENT_OF = {n: n for n in NOTES} | {"copy": "copy", "query": "copy", "copy_of_clicked": "clicked"}
COMPONENTS = components(COMPONENT_OF, COMPONENT_OF | {"copy_of_copy": "copy"})  # a component that was cut
MINED = positives(
    pair("within_note", "image_to_note", IMAGE["query"], WHOLE["query"]),
    pair("within_note", "text_to_note", TEXT, WHOLE["query"]),
    pair("near_duplicate_image", "image_to_image", IMAGE["query"], IMAGE["copy"], 0.9),
    pair("crop", "image_to_image", IMAGE["copy_of_copy"], IMAGE["copy"], 0.8),
    pair("co_click", "note_to_note", WHOLE["query"], WHOLE["clicked"], 0.5),
    pair("co_click", "note_to_note", WHOLE["clicks_it"], WHOLE["query"], 0.5),
)
RELATIONS = mined_relations(MINED, COMPONENTS, items([*WHOLE.values(), *IMAGE.values(), TEXT], SPLITS))
FREE = Guard(margin=MarginSettings(preset="free"))


def candidates(query, task, offered):
    """CANDIDATES of one query: items, or (item, similarity)."""
    pairs = [i if isinstance(i, tuple) else (i, 0.5) for i in offered]
    rows = [{"query_id": query["item_id"], "task": task, "candidate_id": i["item_id"], "similarity": s} for i, s in pairs]
    return pa.Table.from_pylist(rows, CANDIDATES)


def scored_positives(query, task, answers, granularity="within_note"):
    rows = [
        {"query_id": query["item_id"], "positive_id": i["item_id"], "task": task, "granularity": granularity, "similarity": s}
        for i, s in answers
    ]
    return pa.Table.from_pylist(rows, SCORED_POSITIVES)


def judged(query, scores):
    rows = [{"query_id": query["item_id"], "candidate_id": i["item_id"], "calibrated": s} for i, s in scores]
    return pa.Table.from_pylist(rows, JUDGED)


def verdicts(offer, answers=None, judgements=None, settings=FREE):
    known = scored_positives(IMAGE["query"], "image_to_note", []) if answers is None else answers
    return [REASONS[r].split(":")[0] for r in screen_candidates(offer, RELATIONS, known, judgements, settings).reasons.tolist()]


def test_each_kind_of_false_negative_is_taken_in_the_order_of_the_guard():
    offer = candidates(IMAGE["query"], "image_to_note", [WHOLE[n] for n in NOTES])
    reasons = screen_candidates(offer, RELATIONS, scored_positives(IMAGE["query"], "x", []), None, FREE).reasons
    found = {n: REASONS[r] for n, r in zip(NOTES, reasons, strict=True)}
    assert found["query"] == found["copy"] == found["copy_of_copy"] == "query_component: in the content group of the query"
    tie = "mined_pair: a mined pair links its note to the note of the query"
    assert found["clicked"] == found["clicks_it"] == found["copy_of_clicked"] == tie
    assert found["other_split"] == "split: in another split than the query"
    assert found["free"] == found["freer"] == "kept"


def test_the_component_of_a_positive_of_the_item_itself_counts_first():
    offer = candidates(WHOLE["query"], "note_to_note", [WHOLE["clicked"], WHOLE["copy_of_clicked"], WHOLE["clicks_it"]])
    taken = screen_candidates(offer, RELATIONS, scored_positives(WHOLE["query"], "x", []), None, FREE)
    assert {REASONS[r] for r in taken.reasons} == {"positive_component: in the content group of a positive of the query"}


def test_a_passage_that_stands_in_a_note_nobody_tied_is_taken():
    offer = candidates(TEXT, "text_to_note", [WHOLE["quoting"], WHOLE["free"]])
    assert verdicts(offer) == ["shared_text", "kept"]
    again = item("text", "quoting", text="把洋葱切成细丝, 再用小火慢慢炒到金黄色")
    relations = mined_relations(MINED, COMPONENTS, items([*WHOLE.values(), *IMAGE.values(), TEXT, again], SPLITS))
    answers = scored_positives(WHOLE["query"], "note_to_text", [(TEXT, 0.9)])
    offer = candidates(WHOLE["query"], "note_to_text", [again])
    assert REASONS[screen_candidates(offer, relations, answers, None, FREE).reasons[0]].startswith("shared_text")


def test_the_band_and_the_margin_count_apart():
    settings = Guard(margin=MarginSettings(preset="free", floor=0.2, ceiling=0.7, relative=0.05))
    offer = candidates(
        IMAGE["query"],
        "image_to_note",
        [(WHOLE["free"], s) for s in (0.1, 0.2, 0.56, 0.58, 0.7, 0.71)] + [(WHOLE["query"], 0.1)],
    )
    answers = scored_positives(IMAGE["query"], "image_to_note", [(WHOLE["query"], 0.6), (WHOLE["freer"], 0.9)])
    reasons = screen_candidates(offer, RELATIONS, answers, None, settings).reasons
    said = [REASONS[r] for r in reasons]
    near = "positive_margin: similarity too close to that of the positive"
    assert said[:6] == [
        "below_band: similarity below the band",
        "kept",
        "kept",
        near,
        near,
        "above_band: similarity above the band",
    ]
    assert said[6].startswith("query_component")


def test_a_clicked_positive_sets_the_margin_only_where_there_is_no_other():
    settings = Guard(margin=MarginSettings(preset="free", absolute=0.05))
    offer = candidates(WHOLE["query"], "note_to_note", [(WHOLE["free"], 0.5)])
    clicked = scored_positives(WHOLE["query"], "note_to_note", [(WHOLE["clicked"], 0.1)], "co_click")
    copied = scored_positives(WHOLE["query"], "note_to_note", [(WHOLE["copy"], 0.9)], "near_duplicate_image")
    assert verdicts(offer, clicked, settings=settings) == ["positive_margin"]
    assert verdicts(offer, pa.concat_tables([clicked, copied]), settings=settings) == ["kept"]


def test_a_query_whose_positives_score_too_low_is_given_up():
    settings = Guard(margin=MarginSettings(preset="qwen-mean-margin", least_positive=0.4))
    offer = candidates(IMAGE["query"], "image_to_note", [(WHOLE["free"], 0.1)])
    assert verdicts(offer, scored_positives(IMAGE["query"], "image_to_note", [(WHOLE["query"], 0.3)]), settings=settings) == [
        "weak_positive"
    ]
    assert verdicts(offer, scored_positives(IMAGE["query"], "image_to_note", [(WHOLE["query"], 0.5)]), settings=settings) == [
        "kept"
    ]


def test_the_judge_takes_what_it_calls_relevant_and_says_nothing_of_the_others():
    offer = candidates(IMAGE["query"], "image_to_note", [WHOLE["free"], WHOLE["freer"], WHOLE["quoting"]])
    said = judged(IMAGE["query"], [(WHOLE["free"], 0.2), (WHOLE["free"], 0.5), (WHOLE["freer"], 0.49)])
    assert verdicts(offer, judgements=said) == ["judged_relevant", "kept", "kept"]
    rows = screen_candidates(offer, RELATIONS, scored_positives(IMAGE["query"], "x", []), said, FREE).rows
    assert rows.column("calibrated").to_pylist() == [0.5, 0.49, None]


def test_unime_compares_the_judge_with_the_judge():
    settings = Guard(margin=MarginSettings(preset="unime2-judge"), judge_ceiling=0.9)
    offer = candidates(
        IMAGE["query"], "image_to_note", [(WHOLE["free"], 0.99), (WHOLE["freer"], 0.99), (WHOLE["quoting"], 0.99)]
    )
    answers = scored_positives(IMAGE["query"], "image_to_note", [(WHOLE["query"], 0.1)])
    said = judged(IMAGE["query"], [(WHOLE["query"], 0.6), (WHOLE["free"], 0.595), (WHOLE["freer"], 0.58)])
    assert verdicts(offer, answers, said, settings) == ["judge_margin", "kept", "kept"]


def test_a_note_whose_picture_looks_like_a_positives_is_taken():
    offer = candidates(TEXT, "text_to_note", [WHOLE["free"], WHOLE["freer"]])
    answers = scored_positives(TEXT, "text_to_note", [(WHOLE["query"], 0.9)])
    hashes = {"query": 0, "free": 0b111, "freer": (1 << 256) - 1}
    pictures = HashIndex({note: [HashedPicture(note, (number,))] for note, number in hashes.items()}, frozenset())
    reasons = screen_candidates(offer, RELATIONS, answers, None, FREE, pictures).reasons
    assert [REASONS[r].split(":")[0] for r in reasons] == ["similar_picture", "kept"]


def test_counts_are_of_every_candidate_once():
    offer = candidates(IMAGE["query"], "image_to_note", [WHOLE[n] for n in NOTES])
    counts = screen_candidates(offer, RELATIONS, scored_positives(IMAGE["query"], "x", []), None, FREE).counts()
    assert sum(counts.values()) == len(NOTES) and list(counts) == list(REASONS)


def test_an_item_of_another_workspace_is_refused():
    offer = candidates(IMAGE["query"], "image_to_note", [item("note", "nowhere")])
    with pytest.raises(DataError, match="1 item_ids are not in 'items'"):
        screen_candidates(offer, RELATIONS, scored_positives(IMAGE["query"], "x", []), None, FREE)
    with pytest.raises(DataError, match="positives have items"):
        mined_relations(MINED, COMPONENTS, items([*IMAGE.values(), TEXT]))


def test_nothing_offered_is_nothing_screened():
    assert (
        len(screen_candidates(candidates(TEXT, "x", []), RELATIONS, scored_positives(TEXT, "x", []), None, FREE).reasons) == 0
    )


def test_granularities_take_turns_among_the_positives_of_a_query():
    query = IMAGE["query"]
    mined = positives(
        *[
            pair("near_duplicate_image", "image_to_image", query, IMAGE[n], s)
            for n, s in (("copy", 0.7), ("free", 0.9), ("freer", 0.8))
        ],
        pair("crop", "image_to_image", query, IMAGE["clicked"], 0.1),
        pair("crop", "image_to_image", query, IMAGE["free"], 0.95),  # known as a near duplicate already
        pair("within_note", "image_to_note", query, WHOLE["query"]),
    )
    names = {i["item_id"]: n for n, i in [*IMAGE.items(), ("whole", WHOLE["query"])]}
    rows = query_positives.pairs(mined, 3).to_pylist()
    assert [(names[r["positive_id"]], r["granularity"]) for r in rows] == [
        ("free", "near_duplicate_image"), ("clicked", "crop"), ("freer", "near_duplicate_image"), ("whole", "within_note"),
    ]  # fmt: skip
    assert len(query_positives.pairs(mined)) == 5
    assert np.array_equal(query_positives.pairs(mined, 1).column("task").to_pylist(), ["image_to_image", "image_to_note"])
