"""The same pairs asked otherwise."""

import numpy as np
import pytest

from pipelines.judge.calibration.control_questions import REVERSED, blanked, moved, pictured, swapped
from pipelines.media.decode import BadPicture
from schemas.item import TASKS
from tests.unit.pipelines.judge.tables import item, pairs

IMAGE, NOTE = item("image", "a", ["a0"]), item("note", "b", ["b0"], "words")
OCR, TEXT = item("ocr", "a", text="read"), item("text", "b", text="said")


def test_every_task_but_ocr_to_note_has_a_reverse():
    assert set(TASKS) - set(REVERSED) == {"ocr_to_note"}
    assert all(REVERSED[REVERSED[task]] == task for task in REVERSED)


def test_a_swapped_pair_shows_the_candidate_first_and_keeps_what_is_beside_it():
    asked = pairs((IMAGE, NOTE), (OCR, NOTE)).append_column("number", [[3, 4]])
    [row] = swapped(asked).to_pylist()
    assert (row["query"], row["candidate"], row["task"], row["number"]) == (NOTE, IMAGE, "note_to_image", 3)
    assert (row["query_id"], row["candidate_id"]) == (NOTE["item_id"], IMAGE["item_id"])
    assert swapped(swapped(asked)).to_pylist() == asked.slice(0, 1).to_pylist()


def test_only_pairs_that_show_a_picture_can_be_blank():
    assert pictured(pairs((TEXT, TEXT), (TEXT, NOTE), (IMAGE, TEXT))).column("candidate").to_pylist() == [NOTE, TEXT]


def test_blank_pictures_keep_their_size_and_refusals_stay():
    bad = BadPicture("truncated", "x")
    photo = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    found = blanked({"a": photo, "b": bad})
    assert found["a"].shape == (2, 4, 3) and found["a"].dtype == np.uint8 and len(np.unique(found["a"])) == 1
    assert found["b"] is bad
    assert photo.max() == 23  # the pictures themselves are left alone


def test_moved_counts_pairs_with_both_scores():
    before, after = np.array([0.1, 0.9, 0.5, np.nan]), np.array([0.1 + 1e-6, 0.4, np.nan, 0.3])
    found = moved(before, after, (before >= 0.5, after >= 0.5))
    assert (found.pairs, found.moved, found.flipped) == (2, 0.5, 0.5)
    assert found.mean == pytest.approx(0.25, abs=1e-5)
