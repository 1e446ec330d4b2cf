"""What is held against what by its pixels: families, poor pictures, of the candidate against the query and its positives."""

import numpy as np
import pyarrow as pa

from pipelines.media.image_families import image_families
from pipelines.negatives.filters.settings import Guard
from pipelines.negatives.filters.thumbnail_overlap import overlaps_in_pixels, picture_index
from tests.unit.pipelines.negatives.filters.test_template_match import lamp, saved
from tests.unit.pipelines.negatives.worlds import images, picture_pairs

COMPARED = Guard(low_feature_count=150)
WHOLE = lamp(3)
FILES = {
    "whole": WHOLE,
    "blurred beyond": np.full((200, 260), 40, np.uint8) + (np.arange(260, dtype=np.uint8) % 40)[None, :],
    "crop": np.ascontiguousarray(WHOLE[:130, :170]),
    "other": lamp(9),
}


def encoded(shown, relations=(), poor=("whole", "blurred beyond", "crop", "other")):
    """Sights of note -> its pictures' files."""
    notes = {note: [(f"{note}{k}", file) for k, file in enumerate(files)] for note, files in shown.items()}
    pictures = pa.table(
        {
            "sha256": list(FILES),
            "feature_count": pa.array([3 if name in poor else 220 for name in FILES], pa.int32()),
            "thumbnail": [saved(picture) for picture in FILES.values()],
        }
    )
    shown = images(notes)
    return picture_index(shown, pictures, image_families(shown, picture_pairs(*relations)))


def taken(shown, candidate, context=("q",), settings=None, **more):
    """Whether the note `candidate` is taken from those that it is held against."""
    return overlaps_in_pixels([(candidate, frozenset(context))], encoded(shown, **more), settings or COMPARED) == [True]


def test_a_crop_is_found_in_the_query_s_note_and_in_a_positive_s():
    assert taken({"q": ["whole"], "c": ["crop"]}, "c")
    assert taken({"q": ["crop"], "c": ["other", "whole"]}, "c")
    assert not taken({"q": ["other"], "p": ["whole"], "c": ["crop"]}, "c")
    assert taken({"q": ["other"], "p": ["whole"], "c": ["crop"]}, "c", context=("q", "p"))
    assert not taken({"q": ["other"], "c": ["crop"]}, "c")


def test_a_copy_in_which_nothing_is_left_stands_for_its_family():
    shown = {"q": ["blurred beyond"], "elsewhere": ["whole"], "c": ["crop"]}
    assert not taken(shown, "c")
    assert taken(shown, "c", relations=[("blurred beyond", "whole")])


def test_pictures_that_mining_sees_well_are_left_to_it():
    shown = {"q": ["whole"], "c": ["crop"]}
    assert not taken(shown, "c", poor=())
    assert taken(shown, "c", poor=("crop",))
    assert not taken(shown, "c", settings=Guard())


def test_one_file_in_both_notes_is_not_for_pixels_to_say():
    assert not taken({"q": ["whole"], "c": ["whole"]}, "c")
