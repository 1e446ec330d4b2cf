"""A CSV is cut between records, wherever its quotes stand, or not at all."""

import csv
import io
import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipelines.input_tables.files.places import parse_place
from pipelines.input_tables.formats.csv_cuts import count_quotes, joined_cuts, record_starts
from pipelines.input_tables.formats.csv_dialect import Dialect
from pipelines.input_tables.formats.encodings import Encoding
from pipelines.input_tables.formats.text_blocks import TextFile

DIALECT = Dialect(",", '"', False, 1, ("a", "b"))
PIECES = st.lists(
    st.sampled_from(['"', '""', ",", "\n", "\r\n", "\r", "x", "é", ' "', '"y"', '"p\nq"', "\n1,2\n"]), max_size=40
)
RECORDS = st.lists(st.lists(st.text('ab",\n é', max_size=5), min_size=2, max_size=3), min_size=1, max_size=25)


def cuts(raw, step):
    starts = range(0, len(raw), step)
    blocks = [count_quotes(raw[max(0, k - 1) : k], raw[k : k + step], raw[k + step : k + step + 2], b',"') for k in starts]
    return joined_cuts(starts, blocks)


def records(text):
    """Records by Python's csv, strict; None: it is broken."""
    try:
        return [row for row in csv.reader(re.findall(r"[^\n]*\n|[^\n]+", text), strict=True) if row]
    except csv.Error:
        return None


@given(pieces=PIECES, step=st.integers(1, 9))
def test_what_is_cut_has_the_same_records_as_the_whole(pieces, step):
    raw = "".join(pieces).encode()
    found = cuts(raw, step)
    assert found == sorted(found)
    edges = [0, *found, len(raw)]
    apart = [records(raw[begin:end].decode()) for begin, end in pairwise(edges)]
    together = records(raw.decode())
    if found:
        assert together is not None
        assert [row for some in apart for row in some] == together


@given(rows=RECORDS, step=st.integers(1, 40))
def test_what_python_writes_is_cut_in_each_block_that_has_a_record_end(rows, step):
    text = io.StringIO(newline="")
    ends = []
    for row in rows:
        csv.writer(text, lineterminator="\n").writerow(row)
        ends.append(len(text.getvalue().encode()))
    raw = text.getvalue().encode()
    assert cuts(raw, step) == [
        first for k in range(0, len(raw), step) if (first := next((e for e in ends if k < e <= k + step), None)) is not None
    ]


def test_a_quote_in_a_field_without_quotes_is_no_place_to_cut():
    assert cuts(b'a,b\n5" disk,x\n3" disk,y\n', 8) == []
    assert cuts(b'5",",\n",1\n3",2\n', 4) == []  # its quotes look closed, and the first line feed is in a field


def test_files_of_other_encodings_are_cut_where_they_have_no_quotes(tmp_path):
    for name, text, count in (("plain", "a,b\n" + "美食,1\n" * 9, 3), ("quoted", 'a,b\n"美食",1\n' + "美食,1\n" * 9, 0)):
        path = tmp_path / name
        path.write_bytes(text.encode("gb18030"))
        file = TextFile(parse_place(str(path)), None, Encoding("gb18030", 0, False), "\n")
        assert len(record_starts(file, path.stat().st_size, DIALECT, 25)) == count
