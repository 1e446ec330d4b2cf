"""One note a picture, or one a sub-folder."""

from pipelines.sources.picture_folder.captions import Caption
from pipelines.sources.picture_folder.notes_of_pictures import notes_of_pictures
from pipelines.sources.picture_folder.settings import PictureFolder

PICTURES = PictureFolder()
FOLDERS = PictureFolder(note_is="folder")


def notes(pictures, captions=None, settings=PICTURES, texts=None):
    rows = notes_of_pictures(pictures, captions or {}, settings, texts).to_pylist()
    return {row["note_id"]: row for row in rows}


def uris(row):
    return [image["uri"] for image in row["images"]]


def test_a_picture_is_a_note_named_by_its_path_and_its_folder_is_the_topic():
    rows = notes(["b.jpg", "cats/a.jpg"], {"cats/a.jpg": Caption("Tom", "a grey cat")})
    assert list(rows) == ["b.jpg", "cats/a.jpg"]
    assert [rows["cats/a.jpg"][name] for name in ("title", "body", "topic")] == ["Tom", "a grey cat", "cats"]
    assert [rows["b.jpg"][name] for name in ("title", "body", "topic")] == [None, None, None]
    assert rows["b.jpg"]["images"] == [{"image_id": "b.jpg", "uri": "b.jpg"}]


def test_a_folder_is_a_note_with_its_pictures_in_natural_order_and_their_captions():
    captions = {"p/10.jpg": Caption(body="ten"), "p/2.jpg": Caption(body="two"), "p/3.jpg": Caption(body="two")}
    rows = notes(["p/10.jpg", "p/2.jpg", "p/3.jpg", "p/deep/1.jpg", "top.jpg"], captions, FOLDERS)
    assert list(rows) == ["p", "p/deep", "top.jpg"]
    assert uris(rows["p"]) == ["p/2.jpg", "p/3.jpg", "p/10.jpg"]
    assert rows["p"]["body"] == "two\nten"
    assert rows["p/deep"]["topic"] == "p"


def test_the_text_of_a_folder_comes_first():
    rows = notes(["p/1.jpg"], {"p/1.jpg": Caption(body="one")}, FOLDERS, {"p": "The whole story"})
    assert rows["p"]["body"] == "The whole story\none"


def test_a_name_that_begins_like_a_scheme_is_a_file():
    assert uris(notes(["data:1.jpg"])["data:1.jpg"]) == ["./data:1.jpg"]
