"""CSV as people's programs write it, read the same in blocks of any size."""

import csv
import io

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.input_tables.formats.csv_batches import csv_batches, without_header
from pipelines.input_tables.formats.csv_dialect import dialect_of
from pipelines.input_tables.formats.text_blocks import TextBlock
from pipelines.input_tables.raw_rows import BROKEN, FEWER_FIELDS, MORE_FIELDS, ODD
from pipelines.input_tables.settings import ReadOptions

OPTIONS = ReadOptions()
NAMES = ("user_id", "note_id", "clicked_at")
FIELD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=6)


def blocks(text, size):
    """Whole lines, some at a time, as `text_blocks` gives them."""
    lines = (
        text.splitlines(keepends=True)
        if "\r" not in text and not any(c in text for c in "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
        else [f"{line}\n" for line in text.split("\n")]
    )
    return [TextBlock("".join(lines[k : k + size]), False) for k in range(0, len(lines), size)]


def read(text, names=NAMES, size=1000, options=OPTIONS):
    dialect = dialect_of(text, names, options)
    batches = list(csv_batches(without_header(blocks(text, size), dialect.header_lines), dialect, names, options))
    rows = pa.Table.from_batches(batches).to_pylist() if batches else []
    return (
        [tuple(row[name] for name in names) for row in rows if row[BROKEN] is None],
        [r[BROKEN] for r in rows if r[BROKEN]],
        rows,
    )


GOOD = [("u0", "n0", "2026-11-20"), ("u1", "n1", "2026-11-21")]
DIALECTS = {
    "plain": "user_id,note_id,clicked_at\nu0,n0,2026-11-20\nu1,n1,2026-11-21\n",
    "no line end at the end": "user_id,note_id,clicked_at\nu0,n0,2026-11-20\nu1,n1,2026-11-21",
    "semicolons": "user_id;note_id;clicked_at\nu0;n0;2026-11-20\nu1;n1;2026-11-21\n",
    "tabs": "user_id\tnote_id\tclicked_at\nu0\tn0\t2026-11-20\nu1\tn1\t2026-11-21\n",
    "pipes": "user_id|note_id|clicked_at\nu0|n0|2026-11-20\nu1|n1|2026-11-21\n",
    "all quoted": '"user_id","note_id","clicked_at"\n"u0","n0","2026-11-20"\n"u1","n1","2026-11-21"\n',
    "single quotes": "'user_id','note_id','clicked_at'\n'u0','n0','2026-11-20'\n'u1','n1','2026-11-21'\n",
    "other order and more columns": "x,clicked_at,note_id,user_id,x\n1,2026-11-20,n0,u0,2\n1,2026-11-21,n1,u1,2\n",
    "line breaks": 'c,user_id,note_id,clicked_at\n"one\ntwo\n\nthree",u0,n0,2026-11-20\n"",u1,n1,2026-11-21\n',
    "doubled quotes": 'c,user_id,note_id,clicked_at\n"she said ""yes, really""",u0,n0,2026-11-20\nno,u1,n1,2026-11-21\n',
    "blanks after commas": "user_id, note_id, clicked_at\nu0, n0, 2026-11-20\nu1, n1, 2026-11-21\n",
    "Excel's sep": "sep=;\nuser_id;note_id;clicked_at\nu0;n0;2026-11-20\nu1;n1;2026-11-21\n",
    "a comment": "# exported 2026\n\nuser_id,note_id,clicked_at\nu0,n0,2026-11-20\nu1,n1,2026-11-21\n",
    "blank lines": "user_id,note_id,clicked_at\n\nu0,n0,2026-11-20\n\n\nu1,n1,2026-11-21\n\n",
    "a quoted line break in the header": '"a\nb",user_id,note_id,clicked_at\n1,u0,n0,2026-11-20\n1,u1,n1,2026-11-21\n',
    "an inch": 'size,user_id,note_id,clicked_at\n5" wide,u0,n0,2026-11-20\n6"7,u1,n1,2026-11-21\n',
}


@pytest.mark.parametrize("size", [1, 2, 1000])
@pytest.mark.parametrize("name", DIALECTS)
def test_dialects(name, size):
    rows, broken, _ = read(DIALECTS[name], size=size)
    assert (rows, broken) == (GOOD, [])


@pytest.mark.parametrize("size", [1, 2, 1000])
@pytest.mark.parametrize("line", ['"u9,n9,2026-11-20', 'u9,"n9"x,2026-11-20', '"u9" ,n9,"2026'])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_one_broken_line_costs_one_line(line, at, size):
    lines = DIALECTS["plain"].splitlines()
    rows, broken, _ = read("\n".join([*lines[:at], line, *lines[at:]]) + "\n", size=size)
    assert (rows, broken) == (GOOD, [line])


def test_a_row_with_more_or_fewer_fields_is_marked():
    rows, _, all_rows = read("user_id,note_id,clicked_at\nu0,n0,2026-11-20,x,y\nu1,n1\nu2,n2,2026-11-22\n")
    assert rows == [GOOD[0], ("u1", "n1", None), ("u2", "n2", "2026-11-22")]
    assert [row[ODD] for row in all_rows] == [MORE_FIELDS, FEWER_FIELDS, None]


def test_null_words_are_null_but_in_what_people_write():
    text = "user_id,title,body\n" + "".join(
        f"{word},{word},x\n" for word in ("NULL", "None", r"\N", "nan", '""', '"  "', "undefined")
    )
    rows, _, _ = read(text, ("user_id", "title", "body"))
    assert {row[0] for row in rows} == {None}
    assert [row[1] for row in rows] == ["NULL", "None", r"\N", "nan", None, None, "undefined"]
    assert read("user_id,note_id\n-,n\n", ("user_id", "note_id"), options=ReadOptions(null_words=("-",)))[0] == [(None, "n")]


def test_the_delimiter_and_the_quote_can_be_set():
    text = "user_id:note_id\nu0:'n:0'\n"
    assert read(text, ("user_id", "note_id"), options=ReadOptions(delimiter=":", quote="'"))[0] == [("u0", "n:0")]


def test_texts_are_never_guessed_to_be_something_else():
    values = ["007", "20-11-2025", "6F9619FF-8B86-D011-B42D-00C04FC964FF", "1e5", "true", "10:00", " a ", "0x1F", "1,5"]
    text = "a,b\n" + "".join(f'"{value}",x\n' for value in values)
    assert [row[0] for row in read(text, ("a", "b"))[0]] == values


@given(
    st.lists(st.lists(FIELD, min_size=3, max_size=3), max_size=12),
    st.integers(1, 5),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
@example([["\n\n", '"', ""], ['"\n', ",", "a"]], 1, csv.QUOTE_ALL)
def test_what_pythons_csv_writes_is_read_the_same_in_blocks_of_any_size(rows, size, quoting):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=quoting).writerows([NAMES, *rows])
    found, broken, _ = read(out.getvalue(), size=size)
    options = ("", *OPTIONS.null_words)
    expected = [tuple(None if f.strip() in options else f for f in row) for row in rows]
    assert broken == []
    assert [row for row in found if any(row)] == [row for row in expected if any(row)]


@given(st.text(max_size=200), st.integers(1, 4))
def test_no_text_raises_and_blocks_do_not_change_what_is_read(text, size):
    whole = text.replace("\r", "")
    assert (
        read("user_id,note_id,clicked_at\n" + whole, size=size)[:2]
        == read("user_id,note_id,clicked_at\n" + whole, size=1000)[:2]
    )
