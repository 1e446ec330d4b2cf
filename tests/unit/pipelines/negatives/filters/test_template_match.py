"""A picture laid on every place of another: crops of plain things are found, other things and plain ground are told apart."""

import cv2
import numpy as np
import pytest

from pipelines.negatives.filters.template_match import match_image, template_matches

LEAST = 0.7


def lamp(seed):
    """[200, 260] a thing of a few soft strokes on white; another seed is another thing."""
    random = np.random.default_rng(seed)
    picture = np.full((200, 260), 255, np.uint8)
    for _ in range(4):
        a, b = (tuple(int(v) for v in random.integers((20, 20), (240, 180))) for _ in range(2))
        cv2.line(picture, a, b, int(random.integers(120, 220)), int(random.integers(6, 22)), cv2.LINE_AA)
    return cv2.GaussianBlur(picture, (0, 0), 2.0)


def saved(picture, quality=80):
    sides = [round(side * 160 / max(picture.shape)) for side in picture.shape[::-1]]
    shrunk = cv2.resize(picture, sides, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", shrunk, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def found(one, other, least=LEAST):
    pictures = {"one": match_image(saved(one)), "other": match_image(saved(other))}
    there, back = (template_matches([pair], pictures, least)[0] for pair in (("one", "other"), ("other", "one")))
    assert there == back
    return bool(there)


EDITS = {
    "as it is": lambda p: p,
    "mirrored": lambda p: p[:, ::-1],
    "blurred": lambda p: cv2.GaussianBlur(p, (0, 0), 3.0),
    "a third of the size": lambda p: cv2.resize(p, None, fx=0.33, fy=0.33, interpolation=cv2.INTER_AREA),
    "overexposed": lambda p: np.minimum(p.astype(float) * 1.35, 255).astype(np.uint8),
    "less contrast": lambda p: (255 - (255 - p.astype(float)) * 0.6).astype(np.uint8),
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("side", [0.5, 0.65, 0.9])
def test_a_crop_of_a_plain_thing_is_found_in_every_edit_of_it(edit, side):
    whole, hits = lamp(3), []
    height, width = (round(s * side) for s in whole.shape)
    for top, left in ((10, 10), (200 - height, 260 - width)):
        crop = whole[top : top + height, left : left + width]
        if (crop < 200).mean() > 0.05:  # it shows some of the thing
            hits.append(found(np.ascontiguousarray(EDITS[edit](crop)), whole))
    assert hits and all(hits)


def test_other_things_are_told_apart():
    things = [match_image(saved(lamp(seed))) for seed in range(24)]
    pairs = [(str(a), str(b)) for a in range(24) for b in range(a)]
    assert template_matches(pairs, {str(k): thing for k, thing in enumerate(things)}, LEAST).mean() < 0.1


def test_of_plain_ground_nobody_can_say_what_it_is_not_cut_from():
    ground = np.full((150, 150), 250, np.uint8)
    assert found(ground, lamp(3))
    assert not found(ground, np.random.default_rng(0).integers(0, 256, (200, 200), dtype=np.uint8))


def test_the_answer_does_not_depend_on_what_is_asked_beside_it():
    cut = [np.ascontiguousarray(lamp(k)[:130, 20:190]) for k in range(4)]
    pictures = {str(k): match_image(saved(one)) for k, one in enumerate([*map(lamp, range(4)), *cut])}
    pairs = [(str(a), str(b)) for a in range(8) for b in range(a)]
    together = template_matches(pairs, pictures, LEAST)
    assert 4 <= together.sum() < len(pairs)
    assert [bool(template_matches([pair], pictures, LEAST)[0]) for pair in pairs] == together.tolist()
    assert template_matches(pairs[::-1], pictures, LEAST).tolist() == together.tolist()[::-1]


def test_pictures_of_shapes_that_hold_no_place_of_each_other():
    long, tall = (
        np.ascontiguousarray(lamp(5)[rows, columns])
        for rows, columns in ((slice(80, 110), slice(None)), (slice(None), slice(100, 130)))
    )
    assert not found(long, tall)


@pytest.mark.parametrize("shape", [(1, 1), (1, 160), (160, 3), (12, 12), (13, 160)])
def test_a_sliver_has_an_answer(shape):
    sliver = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    pictures = {"sliver": match_image(cv2.imencode(".png", sliver)[1].tobytes()), "thing": match_image(saved(lamp(3)))}
    assert template_matches([("sliver", "thing"), ("sliver", "sliver")], pictures, LEAST).shape == (2,)
