from random import Random

import numpy as np

from pipelines.encode.small.training_batch import BatchSettings, same_content, training_batch
from pipelines.encode.small.training_corpus import CaptionedPicture, TrainingNote
from tests.unit.pipelines.encode.pixels import picture

NOTES = [
    TrainingNote(
        f"n{n}",
        f"title {n}\nline one of {n}\nline two of {n}",
        tuple(CaptionedPicture(picture(10 * n + s, 40, 40), f"f{n}", f"{n}，红", f"{n}, red") for s in range(1 + n % 3)),
    )
    for n in range(6)
]


def test_every_list_is_about_the_same_notes():
    found = training_batch(NOTES, [picture(99, 40, 40)], BatchSettings(side=16, buckets=97, more=2, random_texts=5), Random(0))
    assert len(found.seen) == len(found.copied) == 7
    assert [
        len(part) for part in (found.captions, found.translations, found.lines, found.texts, found.picture_form, found.groups)
    ] == [6] * 6
    assert found.more_of == [1, 2] and len(found.more) == 2
    assert all(p.shape == (16, 16, 3) for p in found.seen + found.copied + found.more)
    assert [len(part) for part in found.random_texts] == [5, 5]


def test_the_same_seed_draws_the_same_lesson():
    one, other = (training_batch(NOTES, [], BatchSettings(side=16, buckets=97), Random(4)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one.copied + one.lines, other.copied + other.lines, strict=True))


def test_copies_of_one_picture_and_equal_captions_are_no_negatives():
    found = same_content(["f1|red mug", "f1|red mug, left", "f2|red mug", "f3|lamp"])
    assert found.tolist() == [
        [False, True, True, False],
        [True, False, False, False],
        [True, False, False, False],
        [False, False, False, False],
    ]
