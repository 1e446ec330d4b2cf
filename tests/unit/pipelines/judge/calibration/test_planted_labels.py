"""Labels from a corpus's truth: about the content of the items, not about their notes."""

import pyarrow as pa
import pytest

from pipelines.judge.calibration.planted_labels import PlantedRelevance
from schemas.datasets import ANNOTATIONS
from tests.unit.pipelines.judge.tables import item, pairs

PASSAGE = "Boil the noodles for seven minutes, then rinse them in cold water from the tap."
RETYPED = "Boil the n00dles for seven minutes, than rinse them in cold watr from the tap."
OTHER = "We went up the mountain at dawn and saw nothing but fog, and then came home again."
IMAGES = pa.table({"image_id": ["a0", "a1", "b0", "c0", "d0"], "family": ["F", "G", "F", "H", "J"]})
PASSAGES = pa.table({"source_note": ["a"], "target_note": ["b"], "passage": [PASSAGE]})
ALIASES = pa.table({"a": ["H", "F"], "b": ["J", "F"]})


def annotations(*annotated):
    rows = [{"image_id": i, "note_id": n, "text": t, "sha256": "", "kind": "ocr", "model": "m"} for i, n, t in annotated]
    return pa.Table.from_pylist(rows, ANNOTATIONS.columns)


TRUTH = PlantedRelevance(IMAGES, PASSAGES, ALIASES, annotations(("a0", "a", "SALE"), ("b0", "b", "SALE TODAY")))
A0 = item("image", "a", ["a0"])


@pytest.mark.parametrize(
    ("query", "candidate", "source", "expected"),
    [
        (A0, item("note", "b", ["b0"], "x"), "band", True),  # a copy of the picture
        (A0, item("note", "a", ["a0", "a1"], "x"), "positive", True),  # the note with it
        (A0, item("note", "a", ["a1"], "x"), "rule", False),  # the note without it
        (
            A0,
            item("note", "a", ["a1"], "x [described]"),
            "positive",
            None,
        ),  # a description in its place: the truth does not decide
        (item("crop", "a", ["a0"], region=(0, 0, 0.5, 0.5)), item("image", "b", ["b0"]), "band", True),
        (A0, item("image", "c", ["c0"]), "band", False),
        (item("image", "c", ["c0"]), item("image", "d", ["d0"]), "band", None),  # families that look alike
        (A0, item("ocr", "b", text="SALE TODAY"), "band", True),  # read in a copy
        (item("ocr", "a", text="SALE"), item("image", "c", ["c0"]), "band", False),
        (
            item("text", "a", text=PASSAGE[:50]),
            item("note", "b", ["b0"], f"{OTHER}\n{RETYPED}"),
            "band",
            True,
        ),  # quoted, retyped
        (
            item("text", "a", text=PASSAGE[:50]),
            item("note", "c", ["c0"], RETYPED),
            "band",
            False,
        ),  # the corpus knows of no quote
        (
            item("text", "a", text=OTHER),
            item("note", "b", ["b0"], f"other words\n{RETYPED}"),
            "band",
            False,
        ),  # not what was quoted
        (item("text", "a", text="At Noon!"), item("note", "c", ["c0"], "we met ＡＴ noon"), "band", True),  # plainly there
        (item("note", "a", ["a1"], PASSAGE), item("note", "b", text=RETYPED), "band", True),
        (
            item("note", "a", ["a1"], OTHER),
            item("note", "b", text=RETYPED),
            "positive",
            False,
        ),  # clicked together, nothing shared
        (item("text", "a", text="!?"), item("text", "c", text="!?"), "band", False),  # no letters, nothing to share
    ],
)
def test_a_label_follows_from_the_content_of_both_items(query, candidate, source, expected):
    labels = TRUTH.labels(pairs((query, candidate), source=source))
    assert labels.relevant == [expected]
    assert labels.undecided == (expected is None)
