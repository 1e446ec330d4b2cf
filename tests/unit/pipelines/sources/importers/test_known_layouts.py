"""Data sets that many people have are imported by one line: the job prints it, and it works."""

import io
import json
import shlex
import subprocess
import sys
import tarfile
import tomllib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.flows.mine_pairs.inputs import open_inputs
from pipelines.flows.mine_pairs.settings import Input
from pipelines.input_tables.open_table import open_table
from pipelines.sources.importers.class_labels import class_names
from pipelines.sources.importers.column_mapping import as_toml, written_columns
from pipelines.sources.importers.known_layouts import arrow_columns, known_layout
from pipelines.sources.importers.mapped_table import import_mapped_table
from pipelines.sources.importers.webdataset import Sample, import_webdataset, is_webdataset, note_row, picture_rows
from schemas.errors import DataError
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def imported(source, out):
    """The tables that the job writes of a data set, by `--from`."""
    job = [sys.executable, ROOT / "jobs/import_table.py", "--from", source, "--out", out]
    done = subprocess.run(job, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {
        name: pq.read_table(out / f"{name}.parquet").to_pylist()
        for name in ("notes", "images")
        if (out / f"{name}.parquet").exists()
    }, done


def picture(content, path="image.png"):
    return {"bytes": content, "path": path}


def test_a_hugging_face_image_data_set_is_notes_and_their_pictures(tmp_path):
    table = pa.table(
        {
            "image": pa.array([picture(b"A"), picture(b"B"), picture(None, None), picture(b"A")], IMAGE),
            "text": ["a bus", "a cat", "none", "a bus again"],
        }
    )
    (tmp_path / "data").mkdir()
    pq.write_table(table, tmp_path / "data/train-00000-of-00001.parquet")
    tables, done = imported(tmp_path / "data", tmp_path / "out")
    notes = {row["body"]: row for row in tables["notes"]}
    contents = {row["image_id"]: row["content"] for row in tables["images"]}
    assert {body: [contents[i["image_id"]] for i in row["images"]] for body, row in notes.items()} == {
        "a bus": [b"A"],
        "a cat": [b"B"],
        "none": [],
        "a bus again": [b"A"],
    }
    assert len({row["note_id"] for row in tables["notes"]}) == 4
    assert "like_count" not in tables["notes"][0]
    assert f"--images {tmp_path}/out/images.parquet --image-root" in done.stdout


def test_pictures_whose_bytes_are_not_in_the_table_are_found_by_their_paths(tmp_path):
    pictures = [picture(None, "a.jpg"), picture(b"B", "b.jpg"), picture(None, None)]
    pq.write_table(pa.table({"image": pa.array(pictures, IMAGE), "text": ["same"] * 3}), tmp_path / "t.parquet")
    tables, _ = imported(tmp_path / "t.parquet", tmp_path / "out")
    references = [[(i["image_id"], i["uri"]) for i in row["images"]] for row in tables["notes"]]
    assert sorted(references) == [[], [("9d5ed678fe57bcca610140957afab571", None)], [("a.jpg", "a.jpg")]]
    assert len({row["note_id"] for row in tables["notes"]}) == 3
    assert [row["content"] for row in tables["images"]] == [b"B"]


def test_bytes_in_a_column_of_another_usual_name_are_pictures(tmp_path):
    pq.write_table(pa.table({"image_bytes": [b"A", None], "caption": ["x", "y"]}), tmp_path / "t.parquet")
    tables, _ = imported(tmp_path / "t.parquet", tmp_path / "out")
    assert sorted((row["body"], len(row["images"])) for row in tables["notes"]) == [("x", 1), ("y", 0)]


def test_tables_are_not_written_into_a_folder_that_is_read(tmp_path):
    pq.write_table(pa.table({"id": ["a"], "text": ["x"]}), tmp_path / "t.parquet")
    job = [sys.executable, ROOT / "jobs/import_table.py", "--from", tmp_path, "--out", tmp_path / "out"]
    done = subprocess.run(job, capture_output=True, text=True, check=False)
    assert (done.returncode, (tmp_path / "out").exists()) == (2, False)
    assert "--out" in done.stderr and "is inside" in done.stderr


def test_shards_beside_the_tables_that_img2dataset_writes_of_them_are_webdataset(tmp_path):
    shard(tmp_path / "00000.tar", [("000.jpg", b"A")])
    pq.write_table(pa.table({"key": ["000"], "url": ["u"], "status": ["success"]}), tmp_path / "00000.parquet")
    (tmp_path / "00000_stats.json").write_text("{}")
    assert is_webdataset(str(tmp_path))
    pq.write_table(pa.table({"note_id": ["000"]}), tmp_path / "notes.parquet")
    assert not is_webdataset(str(tmp_path))


def test_a_sequence_of_pictures_is_one_note(tmp_path):
    table = pa.table({"id": [7], "images": pa.array([[picture(b"A"), picture(b"B")]], pa.list_(IMAGE)), "likes": [3]})
    pq.write_table(table, tmp_path / "t.parquet")
    tables, _ = imported(tmp_path / "t.parquet", tmp_path / "out")
    contents = {row["image_id"]: row["content"] for row in tables["images"]}
    [note] = tables["notes"]
    assert (note["note_id"], note["like_count"], [contents[i["image_id"]] for i in note["images"]]) == ("7", 3, [b"A", b"B"])


def test_img2datasets_parquet_with_pictures_and_without(tmp_path):
    columns = {
        "key": ["000000001", "000000002"],
        "caption": ["a bus", "a cat"],
        "status": ["success", "failed"],
        "url": ["u", "v"],
    }
    pq.write_table(pa.table(columns | {"jpg": pa.array([b"A", None], pa.binary())}), tmp_path / "with.parquet")
    tables, _ = imported(tmp_path / "with.parquet", tmp_path / "o1")
    assert [(row["note_id"], row["body"], len(row["images"])) for row in tables["notes"]] == [
        ("000000001", "a bus", 1),
        ("000000002", "a cat", 0),
    ]
    assert [row["content"] for row in tables["images"]] == [b"A"]
    pq.write_table(pa.table(columns), tmp_path / "00000.parquet")
    tables, _ = imported(tmp_path / "00000.parquet", tmp_path / "o2")
    assert [[i["uri"] for i in row["images"]] for row in tables["notes"]] == [["00000/000000001.jpg"], []]


MEDIA_CRAWLER = [
    {
        "note_id": "65f0",
        "type": "video",
        "title": "标题",
        "desc": '"引号" 和\n换行',
        "time": 1762000000000,
        "liked_count": "1.2万",
        "image_list": "",
    },
    {
        "note_id": "65f1",
        "type": "normal",
        "title": "题",
        "desc": "x",
        "time": 1762000001000,
        "liked_count": "10+",
        "image_list": "http://a/1,http://a/2",
    },
]


@pytest.mark.parametrize("name", ["search_contents.jsonl", "search_contents.json", "search_contents.csv"])
def test_mediacrawlers_notes_in_its_three_formats(tmp_path, name):
    if name.endswith("csv"):
        import csv

        with (tmp_path / name).open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, list(MEDIA_CRAWLER[0]))
            writer.writeheader()
            writer.writerows(MEDIA_CRAWLER)
    elif name.endswith("jsonl"):
        (tmp_path / name).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in MEDIA_CRAWLER))
    else:
        (tmp_path / name).write_text(json.dumps(MEDIA_CRAWLER, ensure_ascii=False, indent=4))
    tables, done = imported(tmp_path / name, tmp_path / "out")
    first, second = tables["notes"]
    assert (first["note_id"], first["body"], first["like_count"], first["images"]) == ("65f0", '"引号" 和\n换行', 12_000, [])
    assert (second["like_count"], [i["uri"] for i in second["images"]]) == (10, ["65f1/0.jpg", "65f1/1.jpg"])
    assert first["published_at"].timestamp() == 1762000000
    printed = done.stdout.partition("for --config:\n\n")[2].partition("\n\n")[0]
    assert tomllib.loads(printed)["notes"]["columns"]["like_count"] == "liked_count"


def test_a_table_whose_notes_no_column_names_says_so():
    with pytest.raises(DataError, match=r"no column names the notes; found \['foo'\]"):
        known_layout("x.csv", {"foo": pa.string()})
    with pytest.raises(DataError, match=r"no column is a title, a text or pictures; found \['id', 'note_card'\].*a dot leads"):
        known_layout("x.jsonl", {"id": pa.string(), "note_card": pa.string()})


def test_a_mapping_is_written_as_it_is_read():
    sources = known_layout("it's.parquet", {"id": pa.int64(), "image": IMAGE, "text": pa.string()})
    read = tomllib.loads(as_toml(sources))
    assert read["notes"]["columns"]["note_id"] == "id"
    assert read["images"]["columns"]["content"]["sql"].startswith("unnest(")


def shard(path, members):
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("name", ["00000.tar", "00000.tar.gz"])
def test_webdataset_shards_are_notes_and_their_pictures(tmp_path, name):
    caption = json.dumps({"caption": "a cat", "url": "u"}).encode()
    shard(
        tmp_path / name,
        [("000.jpg", b"A"), ("000.txt", b"a bus"), ("001.png", b"B"), ("001.json", caption), ("002.txt", "无图".encode())],
    )
    tables, _ = imported(tmp_path / name, tmp_path / "out")
    assert [(row["note_id"], row["body"], [i["image_id"] for i in row["images"]]) for row in tables["notes"]] == [
        ("000", "a bus", ["000.jpg"]),
        ("001", "a cat", ["001.png"]),
        ("002", "无图", []),
    ]
    assert {row["image_id"]: row["content"] for row in tables["images"]} == {"000.jpg": b"A", "001.png": b"B"}


def test_a_key_that_two_shards_have_is_counted(tmp_path):
    for k in range(2):
        shard(tmp_path / f"{k}.tar", [("000.jpg", b"A")])
    counts = import_webdataset(f"{tmp_path}/*.tar", tmp_path / "out")
    assert (counts["notes"].rows, sum(counts["notes"].dropped.values())) == (1, 1)


def test_a_damaged_shard_is_an_error_that_names_it(tmp_path):
    whole = shard(tmp_path / "a.tar", [("000.jpg", b"A" * 5000)]).read_bytes()
    (tmp_path / "a.tar").write_bytes(whole[:3000])
    with pytest.raises(DataError, match=r"a.tar: damaged, or no tar"):
        import_webdataset(str(tmp_path / "a.tar"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_sample_with_several_pictures_is_one_note():
    sample = Sample("k", {"0.jpg": b"A", "1.jpg": b"B", "txt": b"two", "cls": b"3"})
    assert [row["image_id"] for row in picture_rows(sample)] == ["k.0.jpg", "k.1.jpg"]
    assert note_row(sample)["body"] == "two"
    assert is_webdataset("s3://bucket/shards/*.tar") and not is_webdataset("a.parquet")


def test_the_line_that_mining_prints_of_a_table_that_is_none_of_ours_works(tmp_path):
    pq.write_table(
        pa.table({"post_id": ["a"], "headline": ["A"], "photos": [["1.jpg"]], "likes": ["1.2万"]}), tmp_path / "t.parquet"
    )
    with pytest.raises(DataError) as error:
        open_inputs(None, Input(notes=str(tmp_path / "t.parquet")))
    message, _, command = str(error.value).partition(". To import it: ")
    assert "missing column 'note_id'" in message
    assert "To map columns" not in message
    words = shlex.split(command)
    assert words[0] == "python"
    subprocess.run([sys.executable, str(ROOT / words[1]), *words[2:]], check=True, cwd=tmp_path, capture_output=True)
    [row] = pq.read_table(tmp_path / "imported/notes.parquet").to_pylist()
    assert (row["note_id"], row["title"], row["images"], row["like_count"]) == (
        "a",
        "A",
        [{"image_id": "1.jpg", "uri": "1.jpg"}],
        12_000,
    )


def test_mining_names_the_line_for_shards_and_none_for_what_no_column_names(tmp_path):
    shard(tmp_path / "00000.tar", [("000.jpg", b"A")])
    with pytest.raises(DataError, match=r"To import it: python jobs/import_table.py --from .*00000.tar --out imported"):
        open_inputs(None, Input(notes=str(tmp_path / "00000.tar")))
    pq.write_table(pa.table({"foo": ["a"]}), tmp_path / "t.parquet")
    with pytest.raises(DataError, match="To map columns"):
        open_inputs(None, Input(notes=str(tmp_path / "t.parquet")))


@pytest.mark.parametrize("disk", [False, True])
def test_classes_of_a_hugging_face_data_set_are_topics_by_their_names(tmp_path, disk):
    """The schema's metadata as the library `datasets` writes it."""
    features = {"label": {"names": ["cat", "dog's"], "_type": "ClassLabel"}, "id": {"dtype": "string", "_type": "Value"}}
    rows = pa.table({"id": ["a", "b", "c", "d"], "label": [1, 0, -1, None], "text": ["x"] * 4})
    described = rows.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    if disk:
        with pa.OSFile(str(tmp_path / "d.arrow"), "wb") as out, pa.ipc.new_stream(out, described.schema) as writer:
            writer.write_table(described)
    else:
        pq.write_table(described, tmp_path / "d.parquet")
    table = open_table(str(tmp_path))
    source = known_layout(str(tmp_path), arrow_columns(table), class_names(table))["notes"]
    import_mapped_table(source, "notes", written_columns("notes", source), tmp_path / "out")
    made = {row["note_id"]: row["topic"] for row in pq.read_table(tmp_path / "out").to_pylist()}
    assert made == {"a": "dog's", "b": "cat", "c": None, "d": None}
