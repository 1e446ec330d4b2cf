"""Bytes as lines of text: in any encoding, cut anywhere."""

import bz2
import gzip
import lzma
import zipfile

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.input_tables.files.places import parse_place
from pipelines.input_tables.formats.encodings import encoding_of
from pipelines.input_tables.formats.magic_bytes import magic_of
from pipelines.input_tables.formats.text_blocks import ByteRange, TextFile, text_blocks
from schemas.errors import DataError

CHINESE = "user_id,note_id\n用户甲,笔记一\n用户乙，很好。,笔记二\n" * 3


def described(path, compression=None, encoding=None, line_end="\n"):
    raw = path.read_bytes()
    return TextFile(parse_place(str(path)), compression, encoding or encoding_of(raw, whole=True), line_end)


def text_of(file, part=None, chunk=1 << 20):
    return "".join(block.text for block in text_blocks(file, part, chunk))


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030", "gbk"])
@pytest.mark.parametrize("chunk", [3, 1000])
def test_encodings_are_recognised(tmp_path, name, chunk):
    without_mark = name in ("utf-16-le", "utf-16-be")  # told by the zeros of ASCII
    text = "user_id,note_id\nu1,n1\nu2,笔记\n" if without_mark else CHINESE
    (tmp_path / "a.csv").write_bytes(text.encode(name))
    assert text_of(described(tmp_path / "a.csv"), None, chunk) == text


def test_latin_1_is_no_chinese_and_its_bytes_are_replaced_and_told(tmp_path):
    (tmp_path / "a.csv").write_bytes("name\ncafé\nnaïve\nplain\n".encode("latin-1"))
    found = list(text_blocks(described(tmp_path / "a.csv"), None, 8))
    assert "".join(block.text for block in found) == "name\ncaf\ufffd\nna\ufffdve\nplain\n"
    assert any(block.replaced for block in found)
    assert encoding_of("café".encode("latin-1"), "latin-1", whole=True).name == "latin-1"


def test_line_ends_of_all_kinds_become_one(tmp_path):
    (tmp_path / "a").write_bytes(b"a\r\nb\nc\r\n")
    assert text_of(described(tmp_path / "a")) == "a\nb\nc\n"
    (tmp_path / "b").write_bytes(b"a\rb\rc")
    assert text_of(described(tmp_path / "b", line_end="\r")) == "a\nb\nc"


PACK = {
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda raw: pa.Codec("zstd").compress(raw, asbytes=True),
    "lz4": lambda raw: pa.Codec("lz4").compress(raw, asbytes=True),
}


@pytest.mark.parametrize("name", PACK)
def test_compressions_are_told_by_their_first_bytes(tmp_path, name):
    raw = b"a,b\n1,2\n" * 100_000
    (tmp_path / "x").write_bytes(PACK[name](raw))
    assert magic_of((tmp_path / "x").read_bytes()).name == name
    assert text_of(described(tmp_path / "x", name, encoding_of(raw))) == raw.decode()


def test_members_of_gzip_follow_each_other_and_a_cut_one_is_an_error(tmp_path):
    (tmp_path / "x").write_bytes(gzip.compress(b"a\n") + gzip.compress(b"b\n"))
    assert text_of(described(tmp_path / "x", "gzip", encoding_of(b"a"))) == "a\nb\n"
    (tmp_path / "x").write_bytes(gzip.compress(bytes(range(256)) * 50)[:-20])
    with pytest.raises(DataError, match="end too early"):
        text_of(described(tmp_path / "x", "gzip", encoding_of(b"a")))


def test_a_zip_with_one_table_is_read_and_one_with_two_is_refused(tmp_path):
    for names in (["a.csv"], ["a.csv", "README.md", "__MACOSX/._a.csv"], ["a.csv", "b.csv"]):
        with zipfile.ZipFile(tmp_path / "x", "w") as archive:
            for name in names:
                archive.writestr(name, "a,b\n")
        if "b.csv" in names:
            with pytest.raises(DataError, match=r"2 tables, a.csv, b.csv; unpack it"):
                text_of(described(tmp_path / "x", "zip", encoding_of(b"a")))
        else:
            assert text_of(described(tmp_path / "x", "zip", encoding_of(b"a"))) == "a,b\n"


@given(st.lists(st.text("aé笔", max_size=8), max_size=12), st.integers(1, 20), st.integers(1, 16), st.booleans())
@settings(deadline=None)
def test_ranges_of_bytes_have_each_line_once(tmp_path_factory, lines, part, chunk, ended):
    path = tmp_path_factory.mktemp("ranges") / "x"
    raw = "\n".join(lines).encode() + (b"\n" if ended else b"")
    path.write_bytes(raw)
    file = described(path)
    found = [text_of(file, ByteRange(start, min(start + part, len(raw))), chunk) for start in range(0, len(raw), part)]
    assert "".join(found) == raw.decode()
    assert all(piece == "" or piece.endswith("\n") for piece in found[:-1] if piece is not found[-1]) or not ended
