"""Captions by the rules of Hugging Face's ImageFolder, img2dataset, kohya and downloaders."""

import json
from collections import Counter

import pytest

from pipelines.sources.picture_folder.captions import Caption, caption_of_file, caption_of_row, captions_by_picture


def captions(pictures, tables):
    counts, unmatched = Counter(), []
    named = {table: ("file_name", rows) for table, rows in tables.items()}
    by_picture = captions_by_picture(pictures, named, counts, unmatched).captions
    return {picture: caption.body for picture, caption in by_picture.items()}, counts, unmatched


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"text": "a bus"}, Caption(body="a bus")),
        ({"caption": "a bus", "label": "traffic"}, Caption(body="a bus", topic="traffic")),
        ({"title": "Bus", "description": "a red one"}, Caption("Bus", "a red one")),
        ({"captions": ["a bus", "a red bus"]}, Caption(body="a bus\na red bus")),
        ({"text": " ", "whatever": "a bus"}, Caption()),
        ({"whatever": "a bus"}, Caption(body="a bus")),
        ({"one": "x", "two": "y"}, Caption()),
        ({"label": 3}, Caption(topic="3")),
        ({"text": None, "caption": float("nan")}, Caption()),
    ],
)
def test_the_caption_of_a_row(row, expected):
    assert caption_of_row({"file_name": "a.jpg"} | row) == expected


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", "a red bus\n", "a red bus"),
        ("a.txt", "0 0.5 0.5 0.1 0.1\n", None),
        ("a.caption", "红色的巴士", "红色的巴士"),
        ("a.json", json.dumps({"caption": "a red bus", "url": "http://x"}), "a red bus"),
        ("a.json", json.dumps({"url": "http://x/a.jpg"}), None),
        ("a.json", "[1, 2]", None),
        ("a.json", "{broken", None),
        ("a.json", "[" * 100_000, None),
    ],
)
def test_the_caption_of_a_file(name, content, expected):
    assert caption_of_file(name, content.encode()).body == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_text_is_read_in_the_encodings_that_people_save_it_in(encoding):
    assert caption_of_file("a.txt", "红色的巴士".encode(encoding)).body == "红色的巴士"


def test_names_count_from_the_folder_of_their_table():
    tables = {
        "train/metadata.csv": [{"file_name": "1.jpg", "text": "one"}],
        "test/metadata.csv": [{"file_name": "1.jpg", "text": "two"}],
    }
    assert captions(["train/1.jpg", "test/1.jpg"], tables)[0] == {"train/1.jpg": "one", "test/1.jpg": "two"}


@pytest.mark.parametrize("name", ["./images/a.jpg", "images\\a.jpg", "a.jpg", "images//a.jpg", "x/../images/a.jpg"])
def test_spellings_of_a_path_lead_to_its_picture(name):
    assert captions(["images/a.jpg"], {"captions.csv": [{"file_name": name, "text": "A"}]})[0] == {"images/a.jpg": "A"}


def test_a_name_in_the_other_unicode_form_leads_to_its_picture():
    decomposed, composed = "cafe\u0301.jpg", "caf\u00e9.jpg"
    assert captions([decomposed], {"c.csv": [{"file_name": composed, "text": "A"}]})[0] == {decomposed: "A"}


def test_a_bare_name_that_two_folders_have_is_nobodys():
    by_picture, counts, unmatched = captions(["x/a.jpg", "y/a.jpg"], {"c.csv": [{"file_name": "a.jpg", "text": "A"}]})
    assert by_picture == {}
    assert counts["rows of captions that name no picture of the folder"] == 1
    assert unmatched == ["a.jpg"]


def test_several_rows_of_a_picture_are_lines_of_its_caption():
    rows = [{"file_name": "a.jpg", "text": text} for text in ("a bus", "a red bus", "a bus")]
    assert captions(["a.jpg"], {"c.csv": rows})[0] == {"a.jpg": "a bus\na red bus"}


def test_rows_of_no_picture_are_counted_with_two_examples():
    rows = [{"file_name": f"{k}.png", "text": "x"} for k in range(5)] + [{"text": "no name"}]
    _, counts, unmatched = captions(["a.jpg"], {"c.csv": rows})
    assert counts == {"rows of captions": 6, "rows of captions that name no picture of the folder": 6}
    assert unmatched == ["0.png", "1.png"]
