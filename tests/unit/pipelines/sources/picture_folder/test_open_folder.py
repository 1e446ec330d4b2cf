"""Folders of pictures as people have them are read from a disk."""

import json
import os
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.sources.picture_folder.corpus_kind import NotesTable, PictureCorpus
from pipelines.sources.picture_folder.open_folder import kind_of_folder, open_folder, parquet_bytes, picture_notes
from pipelines.sources.picture_folder.settings import PictureFolder
from schemas.errors import DataError


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def corpus(folder, files, **settings):
    opened = open_folder(str(write(folder, files)))
    kind = kind_of_folder(opened)
    assert isinstance(kind, PictureCorpus)
    return picture_notes(opened, kind, PictureFolder(**settings))


def bodies(notes):
    return {row["note_id"]: row["body"] for row in notes.notes.to_pylist()}


CSV = 'file_name,text\na.jpg,"a ""red"" bus,\nnear a stop"\nsub/b.png,海边\n'
JSONL = "".join(
    json.dumps({"file_name": name, "text": text}) + "\n" for name, text in (("a.jpg", "a bus"), ("sub/b.png", "海边"))
)
PICTURES = {"a.jpg": b"A", "sub/b.png": b"B"}


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"captions.csv": CSV}, ['a "red" bus,\nnear a stop', "海边"]),
        ({"metadata.csv": CSV.encode("utf-8-sig")}, ['a "red" bus,\nnear a stop', "海边"]),
        ({"metadata.csv": CSV.encode("gb18030")}, ['a "red" bus,\nnear a stop', "海边"]),
        ({"metadata.csv": "file_name;text\na.jpg;a bus\nsub/b.png;x, y\n"}, ["a bus", "x, y"]),
        ({"metadata.jsonl": JSONL}, ["a bus", "海边"]),
        ({"metadata.jsonl": JSONL + "{broken\n"}, ["a bus", "海边"]),
        ({"metadata.json": json.dumps([json.loads(line) for line in JSONL.splitlines()])}, ["a bus", "海边"]),
        ({"a.txt": "a bus", "sub/b.json": json.dumps({"caption": "海边"})}, ["a bus", "海边"]),
        ({"a.jpg.txt": "a bus", "sub/b.caption": "海边"}, ["a bus", "海边"]),
        ({"metadata.csv": "file_name,text\na.jpg,a bus\n", "sub/b.txt": "海边"}, ["a bus", "海边"]),
        ({}, [None, None]),
    ],
)
def test_captions_from_tables_and_from_files_beside_the_pictures(tmp_path, table, expected):
    assert bodies(corpus(tmp_path, PICTURES | table)) == dict(zip(PICTURES, expected, strict=True))


def test_captions_in_parquet_as_hugging_face_writes_them(tmp_path):
    write(tmp_path, PICTURES)
    pq.write_table(pa.table({"file_name": ["a.jpg"], "text": ["a bus"]}), tmp_path / "metadata.parquet")
    assert bodies(corpus(tmp_path, {})) == {"a.jpg": "a bus", "sub/b.png": None}


def test_img2datasets_files_are_pictures_with_their_captions(tmp_path):
    pq.write_table(
        pa.table({"url": ["u"], "caption": ["x"], "key": ["000000000"], "status": ["success"]}), tmp_path / "00000.parquet"
    )
    files = {"00000/000000000.jpg": b"A", "00000/000000000.txt": "a bus", "00000_stats.json": json.dumps({"count": 1})}
    files["00000/000000000.json"] = json.dumps({"caption": "a bus", "url": "u", "key": "000000000"})
    assert bodies(corpus(tmp_path, files)) == {"00000/000000000.jpg": "a bus"}


def test_a_table_of_notes_wins_over_pictures(tmp_path):
    opened = open_folder(str(write(tmp_path, PICTURES | {"notes.jsonl": json.dumps({"note_id": "1", "images": []})})))
    assert kind_of_folder(opened) == NotesTable(("notes.jsonl",))


def test_a_table_of_neither_kind_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"photos.csv with the columns \['image', 'label'\].*'note_id'.*'file_name'"):
        corpus(tmp_path, PICTURES | {"photos.csv": "image,label\nz.jpg,3\n"})


def test_a_damaged_table_is_an_error_that_names_it(tmp_path):
    with pytest.raises(DataError, match=r"metadata.parquet: damaged, or not a Parquet file"):
        corpus(tmp_path, PICTURES | {"metadata.parquet": b"PAR1 no"})


def test_what_is_no_folder_of_pictures_is_left_to_the_readers(tmp_path):
    write(tmp_path, {"t/notes.jsonl": "{}", "one.jpg": b"A"})
    assert open_folder(str(tmp_path / "t")) is None
    assert open_folder(str(tmp_path / "t/notes.jsonl")) is None
    assert open_folder(str(tmp_path / "nowhere")) is None
    assert open_folder(str(tmp_path / "*.jpg")) is None


def test_names_that_are_not_utf_8_and_links_to_nowhere_cost_no_more_than_themselves(tmp_path):
    (tmp_path / os.fsdecode(b"\xff.jpg")).write_bytes(b"A")
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nothing")
    (tmp_path / "again").symlink_to(tmp_path)
    notes = corpus(tmp_path, {"a.jpg": b"A", "v.mp4": b"V"})
    assert bodies(notes) == {"a.jpg": None}
    assert notes.counts["files whose names are not UTF-8, left out"] == 1
    assert notes.counts["files left out: .mp4"] == 1


def test_a_note_is_a_folder_by_setting(tmp_path):
    files = {"p1/1.jpg": b"A", "p1/2.jpg": b"B", "p1/post.txt": "My trip", "p2/1.jpg": b"C"}
    assert bodies(corpus(tmp_path, files, note_is="folder")) == {"p1": "My trip", "p2": None}


def test_the_fingerprint_changes_with_a_picture_and_the_bytes_of_the_notes_do_not(tmp_path):
    before = corpus(tmp_path, PICTURES)
    assert parquet_bytes(before.notes) == parquet_bytes(corpus(tmp_path, {}).notes)
    after = corpus(tmp_path, {"a.jpg": b"other"})
    assert after.pictures_fingerprint != before.pictures_fingerprint
    assert after.notes.equals(before.notes)
    assert before.counts == Counter({"pictures": 2})


IMAGES = {f"Images/{k}_ab.jpg": bytes([k]) for k in range(3)}
COCO = {
    "images": [{"id": k, "file_name": f"{k}_ab.jpg"} for k in range(3)],
    "annotations": [{"image_id": k, "caption": f"dog {j}"} for k in range(3) for j in range(2)]
    + [{"image_id": 9, "caption": "?"}],
}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("captions.txt", "image,caption\n" + "".join(f"{k}_ab.jpg,dog {j}\n" for k in range(3) for j in range(2))),  # Flickr8k
        ("results.csv", "image_name| comment_number| comment\n" + "".join(f"{k}_ab.jpg| {j}| dog {j}\n" for k in range(3) for j in range(2))),
        ("styles.csv", "id,season,year,productDisplayName,n\n" + "".join(f"{k}_ab,Fall,2011,dog {j},1\n" for k in range(3) for j in range(2))),
        ("annotations/captions_val2017.json", json.dumps(COCO)),
        ("annotations/captions.json", json.dumps({"info": {"pad": "x" * (1 << 20)}} | COCO)),
    ],
)  # fmt: skip
def test_a_table_whose_values_name_pictures_is_one_of_captions(tmp_path, name, content):
    notes = corpus(tmp_path, IMAGES | {name: content}).notes.to_pylist()
    assert [row["note_id"] for row in notes] == list(IMAGES)
    assert {row["body"] or row["title"] for row in notes} == {"dog 0\ndog 1"}


def test_texts_that_are_no_tables_stay_texts(tmp_path):
    made = corpus(tmp_path, IMAGES | {"README.txt": "Some pictures, and\nwhat, they are\n", "LICENSE.txt": "free"})
    assert set(bodies(made).values()) == {None}


def test_rows_of_several_pictures_are_a_note_each(tmp_path):
    lines = [{"file_names": ["2_ab.jpg", "0_ab.jpg", "none.jpg"], "text": "two"}, {"file_names": ["none.jpg"], "text": "x"}]
    made = corpus(tmp_path, IMAGES | {"Images/metadata.jsonl": "".join(json.dumps(line) + "\n" for line in lines)})
    rows = {row["note_id"]: [image["uri"] for image in row["images"]] for row in made.notes.to_pylist()}
    assert rows == {"Images/2_ab.jpg": ["Images/2_ab.jpg", "Images/0_ab.jpg"], "Images/1_ab.jpg": ["Images/1_ab.jpg"]}
    assert bodies(made) == {"Images/2_ab.jpg": "two", "Images/1_ab.jpg": None}
    assert made.counts["rows of captions that name no picture of the folder"] == 1
