"""Views of notes, and the probe."""

import numpy as np

from tests.unit.uninote_train.evaluation.hand_made_items import item, row
from uninote_train.evaluation.ablated_views import REENCODED, edited, modes, probe
from uninote_train.evaluation.split_items import read_split

A1, B1 = item("image", "a", ["a1"]), item("image", "b", ["b1"])
NOTE_A, NOTE_B = item("note", "a", ["a1", "a2"], "words of a"), item("note", "b", ["b1"], "words of b")
REPLACED_A, REPLACED_B = item("note", "a", ["a2"], "words of a\na mug"), item("note", "b", (), "words of b\na lamp")
ROWS = [
    row("image_to_note", A1, REPLACED_A),
    row("image_to_note", B1, REPLACED_B, of="c1", also="c1"),
    row("note_to_image", NOTE_A, A1),
    row("note_to_image", NOTE_B, B1),
    row("image_to_image", A1, B1),
]


def test_modes_ask_the_same_pairs_with_words_or_pictures_alone():
    split = read_split(ROWS)
    both, text, image = modes(split)
    assert {p.task for p in both.pairs} == {"image_to_note", "note_to_image"}  # image_to_image has no note
    assert len(both.pairs) == len(text.pairs) == len(image.pairs) == 3  # REPLACED_B shows no picture, so its pair is in none
    notes = [i for i in text.items.values() if i["kind"] == "note"]
    assert notes and all(i["text"] and not i["image_ids"] for i in notes)
    notes = [i for i in image.items.values() if i["kind"] == "note"]
    assert notes and all(i["image_ids"] and not i["text"] for i in notes)
    assert A1["item_id"] in text.items and A1["item_id"] in image.items
    assert all(text.component[name] for name in text.items)


def test_the_probe_asks_one_picture_in_five_ways():
    variants = probe(read_split(ROWS))
    assert set(variants.tasks) == {"exact", "reencoded", "cropped", "component_out", "replaced"}
    exact = variants.tasks["exact"]
    assert set(exact.queries) == {A1["item_id"], B1["item_id"]}
    assert set(exact.gallery) == {NOTE_A["item_id"], NOTE_B["item_id"]}  # whole notes alone
    place = exact.queries.index(A1["item_id"])
    assert exact.gallery[exact.positives[place][0]] == NOTE_A["item_id"]
    assert exact.excluded[place].size == 0  # the other note of the component counts as wrong
    assert variants.tasks["component_out"].excluded[place].size == 1
    kinds = {way: {variants.split.items[q]["kind"] for q in task.queries} for way, task in variants.tasks.items()}
    assert kinds["cropped"] == {"crop"} and kinds["reencoded"] == {"image"}
    assert all(i.endswith(REENCODED) for q in variants.tasks["reencoded"].queries for i in variants.split.items[q]["image_ids"])
    replaced = variants.tasks["replaced"]
    assert {replaced.gallery[r[0]] for r in replaced.positives} == {REPLACED_A["item_id"], REPLACED_B["item_id"]}


def test_there_is_no_probe_where_the_note_is_not_here_with_its_picture():
    assert probe(read_split([row("image_to_note", A1, REPLACED_A)])) is None


def test_an_edited_picture_is_smaller_and_not_the_same():
    smooth = np.linspace(0, 255, 120).astype(np.uint8)
    whole = np.repeat(np.repeat(smooth[None, :, None], 80, 0), 3, 2)
    small = edited(whole)
    assert small.shape == (48, 72, 3)
    assert np.abs(small[:, :, 0].mean(0) - smooth.reshape(-1, 5).mean(1).repeat(3)).max() < 12
