"""Which of the candidates that are left are written, in which order, and what is said of a query that is short."""

import numpy as np
import pyarrow as pa
import pytest

from pipelines.negatives.filters.false_negative_filter import JUDGED, ScreenedCandidates
from pipelines.negatives.filters.removal_reasons import (
    ABOVE_BAND,
    DUPLICATE_NEGATIVE,
    PICTURE_OVERLAP,
    POSITIVE_MARGIN,
    QUERY_COMPONENT,
    REASONS,
    WEAK_POSITIVE,
)
from pipelines.negatives.filters.score_margins import MarginSettings
from pipelines.negatives.filters.settings import Guard
from pipelines.negatives.output_rows import NO_CANDIDATES
from pipelines.negatives.query_positives import QUERY_POSITIVES
from pipelines.negatives.select_negatives import RULE_JUDGED, RULE_NEGATIVES, select_negatives
from schemas.datasets import HARD_NEGATIVES, SHORTFALLS

TASK = "image_to_note"


def screen(*rows):
    """Screened of (query_id, candidate_id, similarity, reason, group[, calibrated])."""
    filled = [r if len(r) == 6 else (*r, None) for r in rows]
    table = pa.table(
        {
            "query_id": pa.array([r[0] for r in filled], pa.string()),
            "task": pa.array([TASK] * len(filled), pa.string()),
            "candidate_id": pa.array([r[1] for r in filled], pa.string()),
            "similarity": pa.array([r[2] for r in filled], pa.float32()),
            "calibrated": pa.array([r[5] for r in filled], pa.float64()),
        }
    )
    return ScreenedCandidates(table, np.array([r[3] for r in filled], np.int8), np.array([r[4] for r in filled], np.int64))


def pairs(*both):
    rows = [{"query_id": q, "positive_id": p, "task": TASK, "granularity": "within_note"} for q, p in both]
    return pa.Table.from_pylist(rows, QUERY_POSITIVES)


def rules(*rows):
    names = RULE_NEGATIVES.names
    return pa.Table.from_pylist([dict(zip(names, r, strict=True)) for r in rows], RULE_NEGATIVES)


def free(**changes):
    return Guard(margin=MarginSettings(preset="free"), **changes)


def written(out, positive="p"):
    return [r["candidate_id"] for r in out.rows.to_pylist() if r["positive_id"] == positive]


def test_the_nearest_are_written_in_order_and_of_equal_ones_the_smaller_id_first():
    rows = [("q", c, s, 0, g) for g, (c, s) in enumerate([("d", 0.5), ("a", 0.4), ("c", 0.6), ("b", 0.5)])]
    out = select_negatives(screen(*rows), pairs(("q", "p")), None, None, free(negatives=3))
    assert written(out) == ["c", "b", "d"]
    assert out.rows.column("rank").to_pylist() == [1, 2, 3]
    assert out.rows.schema.equals(HARD_NEGATIVES.columns) and len(out.shortfalls) == 0
    assert set(out.rows.column("source").to_pylist()) == {"band"}
    assert out.rows.column("soft_label").to_pylist() == out.rows.column("similarity").to_pylist()


def test_copies_of_one_note_are_one_negative():
    out = select_negatives(
        screen(("q", "a", 0.6, 0, 7), ("q", "b", 0.5, 0, 7), ("q", "c", 0.4, 0, 8)),
        pairs(("q", "p")),
        None,
        None,
        free(negatives=2),
    )
    assert written(out) == ["a", "c"]
    assert out.counts[REASONS[DUPLICATE_NEGATIVE]] == 1 and out.counts["kept"] == 2


def test_the_rule_made_one_comes_first_and_takes_a_place():
    rows = [("q", f"c{k}", 0.5 - k / 100, 0, k) for k in range(9)]
    out = select_negatives(screen(*rows), pairs(("q", "p"), ("q", "p2")), rules(("q", "p", "without", 0.9)), None, free())
    assert written(out) == ["without", *[f"c{k}" for k in range(7)]]
    assert written(out, "p2") == [f"c{k}" for k in range(8)]
    first = out.rows.to_pylist()[0]
    assert (first["rank"], first["source"], first["label_from"]) == (1, "rule", "similarity")
    assert first["soft_label"] == pytest.approx(0.9)


def test_a_rule_made_one_that_is_not_encoded_has_no_label():
    out = select_negatives(screen(), pairs(("q", "p")), rules(("q", "p", "without", None)), None, free())
    [row] = out.rows.to_pylist()
    assert (row["similarity"], row["soft_label"], row["label_from"]) == (None, None, None)


def test_a_judged_candidate_carries_the_judges_score():
    said = pa.Table.from_pylist([{"query_id": "q", "candidate_id": "without", "calibrated": 0.3}], JUDGED)
    out = select_negatives(
        screen(("q", "a", 0.6, 0, 1, 0.2)), pairs(("q", "p")), rules(("q", "p", "without", 0.9)), said, free()
    )
    labels = [(r["source"], r["label_from"], r["soft_label"]) for r in out.rows.to_pylist()]
    assert labels == [("rule", "judge", 0.3), ("judge", "judge", 0.2)]


def test_the_judge_takes_a_rule_made_one_too():
    said = pa.Table.from_pylist([{"query_id": "q", "candidate_id": "without", "calibrated": 0.8}], JUDGED)
    out = select_negatives(screen(), pairs(("q", "p")), rules(("q", "p", "without", 0.9)), said, free())
    assert len(out.rows) == 0 and out.counts[RULE_JUDGED] == 1


def test_a_short_query_says_what_took_its_candidates_and_is_not_filled():
    rows = [
        ("q", "a", 0.6, QUERY_COMPONENT, 1),
        ("q", "b", 0.5, POSITIVE_MARGIN, 2),
        ("q", "c", 0.5, POSITIVE_MARGIN, 3),
        ("q", "d", 0.4, 0, 4),
    ]
    out = select_negatives(screen(*rows), pairs(("q", "p"), ("r", "p")), None, None, free())
    assert written(out) == ["d"]
    short, empty = out.shortfalls.to_pylist()
    assert (short["wanted"], short["written"], short["candidates"], short["reason"]) == (8, 1, 4, REASONS[POSITIVE_MARGIN])
    assert dict(short["dropped"]) == {REASONS[QUERY_COMPONENT]: 1, REASONS[POSITIVE_MARGIN]: 2}
    assert (empty["query_id"], empty["written"], empty["reason"]) == ("r", 0, NO_CANDIDATES)
    assert out.shortfalls.schema.equals(SHORTFALLS.columns)


def test_a_query_that_is_given_up_gets_no_rule_made_one_either():
    out = select_negatives(
        screen(("q", "a", 0.6, WEAK_POSITIVE, 1)), pairs(("q", "p")), rules(("q", "p", "without", 0.9)), None, free()
    )
    assert len(out.rows) == 0 and out.shortfalls.column("reason").to_pylist() == [REASONS[WEAK_POSITIVE]]


def test_the_stride_takes_every_fifth_in_rounds():
    rows = [("q", f"c{k:02}", 0.9 - k / 100, 0, k) for k in range(12)]
    out = select_negatives(screen(*rows), pairs(("q", "p")), None, None, free(negatives=4, stride=5))
    assert written(out) == ["c00", "c01", "c05", "c10"]


def test_every_candidate_is_counted_once():
    rows = [("q", f"c{k}", 0.5, ABOVE_BAND if k % 3 else 0, k % 4) for k in range(20)]
    out = select_negatives(screen(*rows), pairs(("q", "p")), None, None, free(negatives=2))
    assert sum(out.counts.values()) == 20


def test_the_late_filter_takes_what_would_be_written_and_what_takes_its_place():
    rows = [("q", f"c{k}", 0.9 - k / 100, 0, k) for k in range(9)]
    asked_of = []

    def late_filter(at):
        asked_of.extend(at.tolist())
        return np.where(np.isin(at, [0, 1, 2, 4]), PICTURE_OVERLAP, 0)

    out = select_negatives(screen(*rows), pairs(("q", "p")), None, None, free(negatives=3), late_filter)
    assert written(out) == ["c3", "c5", "c6"]
    assert sorted(asked_of) == [0, 1, 2, 3, 4, 5, 6]  # each once, and c7 and c8 never
    assert out.counts[REASONS[PICTURE_OVERLAP]] == 4 and out.counts["kept"] == 5


def test_what_the_late_filter_takes_is_counted_for_a_short_query():
    rows = [("q", f"c{k}", 0.9 - k / 100, 0, k) for k in range(3)]
    out = select_negatives(
        screen(*rows), pairs(("q", "p")), None, None, free(negatives=3), lambda at: np.full(len(at), PICTURE_OVERLAP)
    )
    assert written(out) == []
    assert out.shortfalls.to_pylist()[0]["reason"] == REASONS[PICTURE_OVERLAP]
