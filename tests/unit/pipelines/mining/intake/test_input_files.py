"""An input is known by what its files are, and not by how the way to them is spelled."""

import os
import shutil

import pytest

from pipelines.mining.intake.input_files import END_BYTES, files_fingerprint, list_files

LARGE = 3 * END_BYTES


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus" / "notes"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.jsonl").write_text("{}")
    (folder / "deep" / "b.jsonl").write_bytes(b"x" * LARGE)
    (tmp_path / "link").symlink_to("corpus")
    return tmp_path


def of(spark, uri):
    return files_fingerprint(spark, list_files(spark, str(uri)))


def test_an_absolute_a_relative_a_linked_and_a_winding_path_are_one_input(spark, corpus):
    relative = os.path.relpath(corpus, os.getcwd())
    tried = [
        *(corpus / "corpus/notes", f"{corpus}/corpus/notes/", f"{corpus}//corpus/./notes", f"{corpus}/corpus/../corpus/notes"),
        *(f"file://{corpus}/corpus/notes", f"file:{corpus}/corpus/notes", f"{corpus}/link/notes"),
        *(f"{relative}/corpus/notes", f"./{relative}/link/../link/notes", f"{corpus}/corpus/*"),
    ]
    assert len({of(spark, uri) for uri in tried}) == 1


def test_a_copy_that_keeps_its_times_is_the_same_input_and_a_single_file_too(spark, corpus):
    shutil.copytree(corpus / "corpus", corpus / "elsewhere", copy_function=shutil.copy2)
    assert of(spark, corpus / "corpus/notes") == of(spark, corpus / "elsewhere/notes")
    assert of(spark, corpus / "corpus/notes/a.jsonl") == of(spark, corpus / "elsewhere/notes/a.jsonl")


@pytest.mark.parametrize("at", [0, END_BYTES - 1, LARGE - END_BYTES, LARGE - 1])
def test_another_file_of_the_same_name_size_and_time_is_another_input(spark, corpus, at):
    before, file = of(spark, corpus / "corpus/notes"), corpus / "corpus/notes/deep/b.jsonl"
    times = file.stat()
    content = bytearray(file.read_bytes())
    content[at] = ord("y")
    file.write_bytes(content)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert of(spark, corpus / "corpus/notes") != before


@pytest.mark.parametrize("edit", ["touch", "rename", "add", "remove"])
def test_whatever_is_touched_is_another_input(spark, corpus, edit):
    before, folder = of(spark, corpus / "corpus/notes"), corpus / "corpus/notes"
    if edit == "touch":
        os.utime(folder / "a.jsonl", (1, 1))
    elif edit == "rename":
        (folder / "a.jsonl").rename(folder / "c.jsonl")
    elif edit == "add":
        (folder / "c.jsonl").write_text("{}")
    else:
        (folder / "a.jsonl").unlink()
    assert of(spark, folder) != before


def test_an_empty_file_has_a_fingerprint(spark, tmp_path):
    (tmp_path / "a.jsonl").write_text("")
    assert of(spark, tmp_path) == of(spark, tmp_path / "a.jsonl")
