"""Which files an input is: what is listed is what is read, whatever the names."""

import os
import shutil

import pytest

from pipelines.input_tables.files.fingerprint import END_BYTES, files_fingerprint
from pipelines.input_tables.files.listing import list_files
from schemas.errors import DataError

LARGE = 3 * END_BYTES


def names(uri, folder):
    return [os.path.relpath(file.place.key, folder) for file in list_files(str(uri)).files]


def put(folder, *names, text="{}"):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_all_files_below_a_folder_are_listed_and_hidden_ones_are_not(tmp_path):
    put(
        tmp_path,
        "a.parquet",
        "2026/11/b.parquet",
        "_SUCCESS",
        ".DS_Store",
        "_temporary/0/c.parquet",
        ".ipynb_checkpoints/d.parquet",
    )
    put(tmp_path, "topic=food/e.parquet", "_dt=1/f.parquet")
    assert names(tmp_path, tmp_path) == ["2026/11/b.parquet", "_dt=1/f.parquet", "a.parquet", "topic=food/e.parquet"]


@pytest.mark.parametrize(
    "name",
    [
        "notes-10:30:00.parquet",
        "notes[1].parquet",
        "a{b}.csv",
        "a,b.csv",
        "n#1 100%25.csv",
        "笔记 数据.csv",
        "s3:foo.csv",
        "*.csv",
        "a?b.csv",
        "~x.csv",
    ],
)
def test_a_name_is_taken_as_it_is(tmp_path, monkeypatch, name):
    put(tmp_path, name, "other.csv")
    assert names(tmp_path / name, tmp_path) == [name]
    monkeypatch.chdir(tmp_path)
    assert names(name, tmp_path) == [name]
    assert names((tmp_path / name).as_uri(), tmp_path) == [name]


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("*.csv", ["a1.csv", "b2.csv"]),
        ("[ab]?.csv", ["a1.csv", "b2.csv"]),
        ("[!a]*.csv", ["b2.csv"]),
        ("{a1,b2}.{csv,tsv}", ["a1.csv", "b2.csv"]),
        ("d*/*.csv", ["deep/c3.csv"]),
        ("**/*.csv", ["a1.csv", "b2.csv", "deep/c3.csv", "deep/er/d4.csv"]),
        ("de?p", ["deep/c3.csv", "deep/er/d4.csv"]),
        ("deep/[x]/*.csv", ["deep/[x]/e5.csv"]),
        ("a1.csv,deep/er/*", ["a1.csv", "deep/er/d4.csv"]),
    ],
)
def test_patterns_and_lists(tmp_path, monkeypatch, pattern, matched):
    put(tmp_path, "a1.csv", "b2.csv", "deep/c3.csv", "deep/er/d4.csv", ".h.csv")
    if "[x]" in pattern:
        put(tmp_path, "deep/[x]/e5.csv")
    monkeypatch.chdir(tmp_path)
    assert names(pattern, tmp_path) == matched


def test_partition_folders_are_texts_with_their_percent_signs_decoded(tmp_path):
    put(tmp_path, "topic=%E7%BE%8E%E9%A3%9F/dt=2026-11-01/a.csv", "topic=007/dt=__HIVE_DEFAULT_PARTITION__/b.csv")
    found = {file.partitions for file in list_files(str(tmp_path)).files}
    assert found == {(("topic", "美食"), ("dt", "2026-11-01")), (("topic", "007"), ("dt", None))}


def test_a_link_that_leads_back_up_is_followed_once_and_a_pipe_is_no_file(tmp_path):
    put(tmp_path, "notes/a.csv", "elsewhere/b.csv")
    (tmp_path / "notes/loop").symlink_to(tmp_path / "notes")
    (tmp_path / "notes/more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "notes/nowhere.csv").symlink_to(tmp_path / "gone.csv")
    os.mkfifo(tmp_path / "notes/pipe.csv")
    assert names(tmp_path / "notes", tmp_path / "notes") == ["a.csv", "more/b.csv"]


@pytest.mark.parametrize("uri", ["nowhere.csv", "no*.csv", "no/where", "a.csv,nowhere.csv"])
def test_what_is_not_there_is_named(tmp_path, monkeypatch, uri):
    put(tmp_path, "a.csv")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="no file there") as raised:
        list_files(uri)
    assert uri.rpartition(",")[2] in str(raised.value)


def test_a_folder_on_another_file_system_is_listed_alike(tmp_path):
    import fsspec

    memory = fsspec.filesystem("memory")
    for name in ("t/notes/a.csv", "t/notes/topic=x/b.csv", "t/notes/_SUCCESS", "t/notes/_tmp/c.csv", "t/other.csv"):
        memory.pipe(f"/{name}", b"{}")
    try:
        assert [file.uri for file in list_files("memory://t/notes").files] == [
            "memory://t/notes/a.csv",
            "memory://t/notes/topic=x/b.csv",
        ]
        assert list_files("memory://t/notes").files[1].partitions == (("topic", "x"),)
        assert [file.uri for file in list_files("memory://t/*.csv").files] == ["memory://t/other.csv"]
    finally:
        memory.rm("/t", recursive=True)


def test_files_of_a_table_format_are_not_read_without_its_log(tmp_path):
    put(tmp_path, "delta/_delta_log/00000000000000000000.json", "delta/topic=x/a.parquet")
    put(tmp_path, "iceberg/metadata/v1.metadata.json", "iceberg/data/a.parquet")
    put(tmp_path, "hudi/.hoodie/hoodie.properties", "hudi/a.parquet")
    put(tmp_path, "stream/_spark_metadata/0", "stream/a.parquet")
    assert list_files(str(tmp_path / "delta")).table_format == "delta"
    assert list_files(str(tmp_path / "iceberg")).table_format == "iceberg"
    for inside in (
        "delta/topic=x/a.parquet",
        "delta/topic=x",
        "delta/*/*.parquet",
        "iceberg/data",
        "delta/topic=x/a.parquet,iceberg",
    ):
        with pytest.raises(DataError, match=r"deleted rows|alone"):
            list_files(str(tmp_path / inside))
    for other in ("hudi", "stream", "hudi/*.parquet"):
        with pytest.raises(DataError, match="is not read here"):
            list_files(str(tmp_path / other))
    with pytest.raises(DataError, match="below"):
        list_files(str(tmp_path))


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus" / "notes"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.jsonl").write_text("{}")
    (folder / "deep" / "b.jsonl").write_bytes(b"x" * LARGE)
    (tmp_path / "link").symlink_to("corpus")
    return tmp_path


def of(uri):
    return files_fingerprint(list_files(str(uri)).files)


def test_an_absolute_a_relative_a_linked_and_a_winding_path_are_one_input(corpus):
    relative = os.path.relpath(corpus, os.getcwd())
    tried = [
        *(corpus / "corpus/notes", f"{corpus}/corpus/notes/", f"{corpus}//corpus/./notes", f"{corpus}/corpus/../corpus/notes"),
        *(f"file://{corpus}/corpus/notes", f"file:{corpus}/corpus/notes", f"{corpus}/link/notes"),
        *(f"{relative}/corpus/notes", f"./{relative}/link/../link/notes", f"{corpus}/corpus/*"),
    ]
    assert len({of(uri) for uri in tried}) == 1


def test_a_copy_that_keeps_its_times_is_the_same_input_and_a_single_file_too(corpus):
    shutil.copytree(corpus / "corpus", corpus / "elsewhere", copy_function=shutil.copy2)
    assert of(corpus / "corpus/notes") == of(corpus / "elsewhere/notes")
    assert of(corpus / "corpus/notes/a.jsonl") == of(corpus / "elsewhere/notes/a.jsonl")


@pytest.mark.parametrize("at", [0, END_BYTES - 1, LARGE - END_BYTES, LARGE - 1])
def test_another_file_of_the_same_name_size_and_time_is_another_input(corpus, at):
    before, file = of(corpus / "corpus/notes"), corpus / "corpus/notes/deep/b.jsonl"
    times = file.stat()
    content = bytearray(file.read_bytes())
    content[at] = ord("y")
    file.write_bytes(content)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert of(corpus / "corpus/notes") != before


@pytest.mark.parametrize("edit", ["touch", "rename", "add", "remove"])
def test_whatever_is_touched_is_another_input(corpus, edit):
    before, folder = of(corpus / "corpus/notes"), corpus / "corpus/notes"
    if edit == "touch":
        os.utime(folder / "a.jsonl", (1, 1))
    elif edit == "rename":
        (folder / "a.jsonl").rename(folder / "c.jsonl")
    elif edit == "add":
        (folder / "c.jsonl").write_text("{}")
    else:
        (folder / "a.jsonl").unlink()
    assert of(folder) != before


def test_an_empty_file_has_a_fingerprint(tmp_path):
    (tmp_path / "a.jsonl").write_text("")
    assert of(tmp_path) == of(tmp_path / "a.jsonl")
