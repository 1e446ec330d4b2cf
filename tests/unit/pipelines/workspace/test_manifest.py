"""A damaged manifest gives one line with its location, never a traceback and never another file."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.workspace.manifest import Counts, DataFile, Manifest
from pipelines.workspace.workspace import Workspace
from schemas.errors import DataError
from schemas.shards import named_files

FILE = DataFile(path="../_history/notes/5a/part-00000.parquet", rows=1, size_bytes=10, sha256="ab")
MANIFEST = Manifest(
    dataset="notes",
    run_id="5a",
    files=[FILE],
    counts=Counts(rows_in=None, rows_out=1, dropped={}),
    inputs={"in": "1"},
    settings={"step": {"knob": 1}},
    code="c0de",
    seconds=1.5,
    published_at="2026-01-02T03:04:05+00:00",
    versions={"pyarrow": "1"},
    report={"share": 0.5},
)
TREE = json.loads(MANIFEST.to_json())
LINE = r"^w/notes/_current\.json: not a manifest of this project \(.+\); delete the file and run the job that makes it again$"
WHERE = "w/notes/_current.json"


def refused(content):
    with pytest.raises(DataError, match=LINE) as error:
        Manifest.from_json(content, WHERE)
    assert len(str(error.value)) < 500


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"null", b"5", b'"x"', b"[]", b"{}", b"true", b"NaN", b"[" * 200_000, b'{"files":' * 100_000, b"9" * 5000, b"{"),
        *(b"\xff\xfe", b"\0" * 4096, json.dumps("\ud800").encode(), b'{"files": [], "files": 5}'),
    ],
)
def test_what_is_no_manifest_is_one_line(content):
    refused(content)


@pytest.mark.parametrize("name", sorted(TREE))
@pytest.mark.parametrize("value", [None, 5, "x", [], {}, [5], {"x": [1]}, [None], [[]], "Infinity", True], ids=repr)
def test_a_value_of_another_type_in_any_place_is_one_line_or_the_same_type(name, value):
    if (type(value) is type(TREE[name]) and value in ([], {})) or (name, value) in [("seconds", 5)]:
        return
    if isinstance(value, str) and isinstance(TREE[name], str) and name != "published_at":
        return
    if name in ("settings", "report") and isinstance(value, dict):
        return
    refused(json.dumps(TREE | {name: value}).encode())


@pytest.mark.parametrize("name", ["path", "rows", "size_bytes", "sha256"])
@pytest.mark.parametrize(
    "value", [None, "", -1, 1.5, [], {}, True, "/etc/passwd", "../../x", "..", ".", "a\0b", "../notes"], ids=repr
)
def test_files_that_cannot_be_are_one_line(name, value):
    for place in ("files", "beside"):
        bad = TREE | {place: [TREE["files"][0] | {name: value}]}
        if name == "sha256" and isinstance(value, str):
            continue
        refused(json.dumps(bad).encode())


def test_unknown_and_missing_names_are_one_line():
    refused(json.dumps(TREE | {"more": 1}).encode())
    for name in set(TREE) - {"report", "beside", "replaced"}:
        refused(json.dumps({key: value for key, value in TREE.items() if key != name}).encode())


def test_what_was_stored_is_read_back_and_so_is_one_of_an_earlier_version():
    assert Manifest.from_json(MANIFEST.to_json(), WHERE) == MANIFEST
    earlier = {key: value for key, value in TREE.items() if key != "replaced"} | {"seconds": 2}
    assert Manifest.from_json(json.dumps(earlier).encode(), WHERE).seconds == 2


@given(
    st.binary(max_size=300)
    | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_any_bytes_are_a_manifest_or_one_line(content):
    refused(content)


@given(st.integers(0, len(MANIFEST.to_json()) - 1), st.integers(0, 7))
def test_a_flipped_bit_is_a_manifest_or_one_line(at, bit):
    content = bytearray(MANIFEST.to_json())
    content[at] ^= 1 << bit
    try:
        Manifest.from_json(bytes(content), WHERE)
    except DataError as error:
        assert str(error).startswith(WHERE)


def test_the_manifest_of_another_dataset_is_one_line(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "_current.json").write_bytes(MANIFEST.to_json())
    with pytest.raises(DataError, match=r"images/_current\.json: expected the manifest of 'images', got 'notes'"):
        Workspace(str(tmp_path)).manifest("images")


@pytest.mark.parametrize("content", [b"", b"null", b"5", b'"x"', b"[]", b"{}", b'{"files": 5}', b'{"files": [5]}', b'{"files": [{"path": 5}]}', b"[" * 200_000])  # fmt: skip
def test_a_reader_of_shards_says_so_too(content):
    with pytest.raises(DataError, match="sft/train: not a manifest of this project .*; build the shards again"):
        named_files(content, "sft/train")
