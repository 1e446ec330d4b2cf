"""The SQL of an import gives what the reader's rules give."""

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.input_tables.settings import ReadOptions
from pipelines.input_tables.values.counts import parse_count
from pipelines.sources.importers.native_spellings import BLANKS, count_branches, text_of_field
from pipelines.sources.importers.native_sql import value_sql
from pipelines.sources.importers.our_values import null_words, our_values, without_null_words
from pipelines.sources.importers.value_counts import ValueCounts
from schemas.datasets import IMAGE_REFERENCES

OPTIONS = ReadOptions()
padding = st.text("\t\n \xa0\u2003\u3000", max_size=2)
words = st.sampled_from(["", "NULL", "null", "\\N", "N", "nan", "None", "<NA>", "NULLs", "笔记", "é", "a b", "'"])
fields = st.lists(st.tuples(padding, words, padding).map("".join), min_size=1, max_size=30)
counts = st.lists(
    st.one_of(
        st.text("0123456789.,+kKw万千mM百亿 -e", max_size=12),
        st.from_regex(r"[0-9]{1,19}(,[0-9]{3}){0,6}(\.[0-9]{0,7})?[kK千w万W萬mM]?\+?", fullmatch=True),
    ),
    min_size=1,
    max_size=30,
)
elements = st.one_of(
    st.sampled_from(
        ['"a.jpg"', '"b,c.jpg"', '""', "null", "1", "true", '["x"]', '{"uri": "u.jpg"}', '"\\n"', '"p[1].png"', '"é"']
    )
)
lists = st.tuples(st.lists(elements, max_size=4), st.sampled_from([",", ", ", ",\n "]))
pictures = st.one_of(
    lists.map(lambda drawn: f"[{drawn[1].join(drawn[0])}]"),
    st.text('a.jpg,;[] \n"', max_size=12).filter(lambda t: '["' not in t),
)


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as connection:
        yield connection


def computed(connection, texts, sql):
    connection.register("fields", pa.table({"v": pa.array(texts, pa.string())}))
    return [value for (value,) in connection.execute(f"select {sql} from fields").fetchall()]


@pytest.mark.slow
def test_blanks_are_those_that_arrow_cuts_off():
    characters = [chr(k) for k in range(0x110000) if not 0xD800 <= k < 0xE000]
    assert "".join(pa.array(characters).filter(pc.utf8_is_space(pa.array(characters))).to_pylist()) == BLANKS


@pytest.mark.slow
@pytest.mark.parametrize("column", ["note_id", "title"])
@given(texts=fields)
def test_null_words_are_those_of_the_rules(connection, column, texts):
    sql = text_of_field("v", null_words(column, OPTIONS), only_padded=False)
    assert computed(connection, texts, sql) == without_null_words(pa.array(texts), column, OPTIONS).to_pylist()


@pytest.mark.slow
@given(texts=counts)
def test_counts_are_those_of_the_rules(connection, texts):
    found = computed(connection, texts, f"case {count_branches('v')} end")
    assert [number for number in found if number is not None] == [
        parse_count(text) for text, number in zip(texts, found, strict=True) if number is not None
    ]


def test_the_usual_spellings_of_counts_need_no_python(connection):
    texts = ["1.2万", "10万+", "2.3w", "3K", "1.5M", "10+", "1,234", "1,234,567", "201.0"]
    assert computed(connection, texts, f"case {count_branches('v')} end") == [
        12_000, 100_000, 23_000, 3_000, 1_500_000, 10, 1_234, 1_234_567, 201,
    ]  # fmt: skip


@pytest.mark.slow
@given(texts=st.lists(pictures, min_size=1, max_size=10))
def test_lists_of_pictures_are_those_of_the_rules(connection, texts):
    field = pa.field("images", IMAGE_REFERENCES)
    sql = value_sql("v", "VARCHAR", field, "by_rules", OPTIONS).sql.replace("by_rules(v)", "[{'image_id': '', 'uri': v}]")
    expected = our_values(pa.array(texts), field, OPTIONS, ValueCounts("notes")).to_pylist()
    for text, found, wanted in zip(texts, computed(connection, texts, sql), expected, strict=True):
        assert found in (wanted, [{"image_id": "", "uri": text}]), text  # the second: left to the rules
