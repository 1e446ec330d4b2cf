"""docs/how-to/add-an-encoder.md, followed: its files are written into a copy of the code, where the new encoder encodes."""

import re
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT

PAGE = ROOT / "docs" / "how-to" / "add-an-encoder.md"
BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = ("pipelines", "schemas", "small_encoder", "conf")
CHUNK = """
import pyarrow as pa
from pipelines.encode.encode_chunk import Batching, LoadChunkEncoder, LoadReader
from pipelines.items.rows_to_encode import CHUNK

empty = {"note_id": "n", "uris": [], "region": None, "pictures": ""}
items = [("text", "red mug"), ("note", "a red mug"), ("image", None)]
rows = [empty | {"item_id": f"i{n}", "kind": kind, "text": text} for n, (kind, text) in enumerate(items)]
table = pa.Table.from_pylist(rows, CHUNK)
result = LoadChunkEncoder(spec, gpu=False, batching=Batching())()(table, LoadReader(spec)()(table))
print(result.column("reason").to_pylist(), [v and len(v) for v in result.column("vector").to_pylist()])
"""


def blocks():
    """(language, file or None, text) of each code block of the page."""
    return [(language, file or None, text) for language, file, text in BLOCK.findall(PAGE.read_text(encoding="utf8"))]


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    """A copy of the code, to which the page's files are added."""
    folder = tmp_path_factory.mktemp("copy")
    for name in CODE:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for _, file, text in blocks():
        if file:
            assert not (folder / file).exists(), f"{file} is there already: it would be changed, not added"
            (folder / file).write_text(text, encoding="utf8")
    return folder


def test_a_new_encoder_takes_two_files():
    assert [file for _, file, _ in blocks() if file] == ["pipelines/encode/backends/letters.py", "conf/encoders/letters.toml"]


def test_the_page_is_short():
    assert len(re.findall(r"\S+", PAGE.read_text(encoding="utf8"))) <= 300


def test_the_added_encoder_encodes_as_the_page_and_as_an_actor_do(code):
    [snippet] = [text for language, file, text in blocks() if language == "python" and not file]
    done = subprocess.run(
        [sys.executable, "-c", snippet + CHUNK], cwd=code, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    first, second, third, results = done.stdout.strip().splitlines()
    similar = [[float(number) for number in line.strip("[] ").split()] for line in (first, second, third)]
    assert similar[0][1] > 0.8 > 0.1 > similar[0][2]
    assert results == "[None, None, 'nothing to encode'] [256, 256, None]"
