"""What is held against what by its pixels: families, poor pictures, of the candidate against the query and its positives."""

import numpy as np
import pyarrow as pa

from pipelines.negatives.glimpses import glimpse, sights
from pipelines.negatives.guard import SCORED, Guard, Screened
from pipelines.negatives.ties import tied
from tests.unit.pipelines.negatives.test_inside import lamp, saved
from tests.unit.pipelines.negatives.worlds import components, images, item, items, picture_pairs, positives

TASK = "image_to_note"
WHOLE = lamp(3)
FILES = {
    "whole": WHOLE,
    "blurred beyond": np.full((200, 260), 200, np.uint8) + (np.arange(260, dtype=np.uint8) % 40)[None, :],
    "crop": np.ascontiguousarray(WHOLE[:130, :170]),
    "other": lamp(9),
}


def world(shown, ties=(), poor=("whole", "blurred beyond", "crop", "other")):
    """Ties and Sights of note -> its pictures' files; every note is an item, and so is each first picture."""
    notes = {note: [(f"{note}{k}", file) for k, file in enumerate(files)] for note, files in shown.items()}
    made = [item("note", n, [i for i, _ in own]) for n, own in notes.items()]
    made += [item("image", n, [own[0][0]]) for n, own in notes.items()]
    pictures = pa.table(
        {
            "sha256": list(FILES),
            "feature_count": pa.array([3 if name in poor else 220 for name in FILES], pa.int32()),
            "thumbnail": [saved(picture) for picture in FILES.values()],
        }
    )
    ids = {(i["kind"], i["note_id"]): i["item_id"] for i in made}
    known = sights(images(notes), pictures, picture_pairs(*ties))
    return tied(positives(), components({n: n for n in shown}), items(made)), known, ids


def taken(shown, candidate, answers=(), settings=None, **more):
    """Whether the note `candidate` is taken from the picture of the note q."""
    ties, known, ids = world(shown, **more)
    rows = pa.table({"query_id": [ids["image", "q"]], "task": [TASK], "candidate_id": [ids["note", candidate]]})
    screen = Screened(rows, np.zeros(1, np.int8), np.zeros(1, np.int64))
    scored = [
        {"query_id": ids["image", "q"], "positive_id": ids["note", a], "task": TASK, "granularity": "crop", "similarity": 0.9}
        for a in answers
    ]
    look = glimpse(screen, ties, pa.Table.from_pylist(scored, SCORED), known, settings or Guard())
    return look(np.array([0])).tolist() == [True]


def test_a_crop_is_found_in_the_query_s_note_and_in_a_positive_s():
    assert taken({"q": ["whole"], "c": ["crop"]}, "c")
    assert taken({"q": ["crop"], "c": ["other", "whole"]}, "c")
    assert not taken({"q": ["other"], "p": ["whole"], "c": ["crop"]}, "c")
    assert taken({"q": ["other"], "p": ["whole"], "c": ["crop"]}, "c", answers=["p"])
    assert not taken({"q": ["other"], "c": ["crop"]}, "c")


def test_a_copy_in_which_nothing_is_left_stands_for_its_family():
    shown = {"q": ["blurred beyond"], "elsewhere": ["whole"], "c": ["crop"]}
    assert not taken(shown, "c")
    assert taken(shown, "c", ties=[("blurred beyond", "whole")])


def test_pictures_that_mining_sees_well_are_left_to_it():
    shown = {"q": ["whole"], "c": ["crop"]}
    assert not taken(shown, "c", poor=())
    assert taken(shown, "c", poor=("crop",))
    assert not taken(shown, "c", settings=Guard(poor_features=0))


def test_one_file_in_both_notes_is_not_for_pixels_to_say():
    assert not taken({"q": ["whole"], "c": ["whole"]}, "c")
