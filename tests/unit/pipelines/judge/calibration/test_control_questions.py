"""The controls of a judge: swapped pairs and blank pictures."""

import numpy as np
import pytest

from pipelines.judge.calibration.control_questions import (
    REVERSED,
    blank_pictures,
    pairs_with_pictures,
    score_change,
    swap_pairs,
)
from pipelines.media.decode import BadPicture
from schemas.item import TASKS
from tests.unit.pipelines.judge.tables import item, pairs

IMAGE, NOTE = item("image", "a", ["a0"]), item("note", "b", ["b0"], "words")
OCR, TEXT = item("ocr", "a", text="read"), item("text", "b", text="words")


def test_every_task_but_ocr_to_note_has_a_reverse():
    assert set(TASKS) - set(REVERSED) == {"ocr_to_note"}
    assert all(REVERSED[REVERSED[task]] == task for task in REVERSED)


def test_a_swapped_pair_has_the_candidate_first_and_keeps_its_other_columns():
    table = pairs((IMAGE, NOTE), (OCR, NOTE)).append_column("number", [[3, 4]])
    [row] = swap_pairs(table).to_pylist()
    assert (row["query"], row["candidate"], row["task"], row["number"]) == (NOTE, IMAGE, "note_to_image", 3)
    assert (row["query_id"], row["candidate_id"]) == (NOTE["item_id"], IMAGE["item_id"])
    assert swap_pairs(swap_pairs(table)).to_pylist() == table.slice(0, 1).to_pylist()


def test_only_pairs_with_a_picture_can_be_blank():
    assert pairs_with_pictures(pairs((TEXT, TEXT), (TEXT, NOTE), (IMAGE, TEXT))).column("candidate").to_pylist() == [NOTE, TEXT]


def test_blank_pictures_keep_their_size_and_unreadable_ones_stay_unreadable():
    bad = BadPicture("truncated", "x")
    photo = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    blank = blank_pictures({"a": photo, "b": bad})
    assert blank["a"].shape == (2, 4, 3) and blank["a"].dtype == np.uint8 and len(np.unique(blank["a"])) == 1
    assert blank["b"] is bad
    assert photo.max() == 23  # the original pictures are not changed


def test_the_change_counts_pairs_with_both_scores():
    before, after = np.array([0.1, 0.9, 0.5, np.nan]), np.array([0.1 + 1e-6, 0.4, np.nan, 0.3])
    change = score_change(before, after, (before >= 0.5, after >= 0.5))
    assert (change.pairs, change.changed, change.flipped) == (2, 0.5, 0.5)
    assert change.mean == pytest.approx(0.25, abs=1e-5)
