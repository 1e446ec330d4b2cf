"""What has to be encoded: items and the elements of notes, each once, in chunks of whole notes."""

import pyarrow as pa
import pytest

from pipelines.negatives.search.note_elements import chunks, items_as_read, rows_to_encode
from schemas.datasets import IMAGES, ITEMS
from schemas.item import UNDESCRIBED, item_id


def item(kind, note, images=(), text=None):
    named = item_id(kind, note, images, text=text)
    return {"item_id": named, "kind": kind, "note_id": note, "image_ids": list(images), "region": None, "text": text}


def items(*rows):
    return pa.Table.from_pylist([{"item": row, "split": "train"} for row in rows], ITEMS.columns)


def images(**sha256):
    empty = dict(width=1, height=1, phash=0, pdq=b"", quality=0, surface="photo", position=0, note_id="n")
    return pa.Table.from_pylist(
        [empty | {"image_id": i, "uri": f"/p/{i}", "sha256": s} for i, s in sha256.items()], IMAGES.columns
    )


def spelled(told, row):
    rows = told.rows.to_pylist()
    return {
        (rows[e]["kind"], rows[e]["text"], tuple(rows[e]["uris"]))
        for e in told.elements[told.starts[row] : told.starts[row + 1]]
    }


def test_a_note_is_searched_by_its_pictures_their_words_its_title_its_body_and_itself():
    note = item("note", "n", ["a", "b"], f"Mugs\nTwo of them.\n{UNDESCRIBED}")
    told = rows_to_encode(items(note), images(a="1", b="2"), {"a": "RED", "b": " "})
    assert spelled(told, 0) == {
        ("image", None, ("/p/a",)),
        ("image", None, ("/p/b",)),
        ("ocr", "RED", ()),
        ("text", "Mugs", ()),
        ("text", "Two of them.\n", ()),
        ("note", note["text"] + "\nRED", ("/p/a", "/p/b")),
    }


def test_the_text_in_a_picture_leaves_a_note_with_the_picture_and_other_text_is_other_content():
    """As in the note that asks for it and its rule-made negative."""
    both, without = item("note", "n", ["a", "b"], "Mugs\n"), item("note", "n", ["b"], "Mugs\n")

    def read(**ocr_texts):
        rows = rows_to_encode(items(both, without), images(a="1", b="2"), ocr_texts)
        return rows.rows.take(rows.items).to_pylist()

    table = items(item("image", "n", ["a"]), both)
    as_read = items_as_read(table, rows_to_encode(table, images(a="1", b="2"), {"a": "RED CUP"}))
    assert as_read.schema == table.schema
    assert as_read.to_pylist() == [
        table.to_pylist()[0],
        {"item": table.to_pylist()[1]["item"] | {"text": "Mugs\n\nRED CUP"}, "split": "train"},
    ]
    assert [row["text"] for row in read(a="RED CUP", b="BLUE")] == ["Mugs\n\nRED CUP\nBLUE", "Mugs\n\nBLUE"]
    assert read(a="RED CUP")[0]["pictures"] != read(a="RED CAP")[0]["pictures"] != read()[0]["pictures"]
    assert read(a="RED CUP")[1] == read()[1]


def test_what_is_an_item_and_an_element_is_encoded_once():
    picture, note = item("image", "n", ["a"]), item("note", "n", ["a"], "Mugs\n")
    told = rows_to_encode(items(picture, note), images(a="1"), {})
    assert len(told.rows) == 3
    assert told.items[0] in told.elements
    assert told.starts.tolist() == [0, 0, 3]


def test_other_bytes_under_the_same_id_are_other_pictures():
    one, other = (rows_to_encode(items(item("image", "n", ["a"])), images(a=sha), {}).rows for sha in "12")
    assert one.column("item_id") == other.column("item_id")
    assert one.column("pictures") != other.column("pictures")


@pytest.mark.parametrize("most_items, most_pictures", [(1, 1), (3, 100), (100, 2), (4, 3), (100, 100)])
def test_chunks_hold_every_row_once_and_whole_notes(most_items, most_pictures):
    pictures = {f"n{n}": [f"p{n}{k}" for k in range(n % 4)] for n in range(12)}
    several = [item("image", note, [p]) for note, ids in pictures.items() for p in ids] + [
        item("text", n, text="x") for n in pictures
    ]
    rows = rows_to_encode(items(*several), images(**{p: p for ids in pictures.values() for p in ids}), {}).rows
    cut = list(chunks(rows, most_items, most_pictures))
    assert pa.concat_tables(cut).equals(rows)
    notes = [set(part.column("note_id").to_pylist()) for part in cut]
    assert sum(map(len, notes)) == len(set().union(*notes))
    for part, names in zip(cut, notes, strict=True):
        shows = sum(map(len, part.column("uris").to_pylist()))
        assert len(names) == 1 or (len(part) <= most_items and shows <= most_pictures)
