"""JSON: an object a line, an array, or one after the other; what is broken costs itself and nothing beside it."""

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.input_tables.formats.json_batches import json_batches
from pipelines.input_tables.formats.json_look import json_look
from pipelines.input_tables.formats.json_records import json_lines, json_values, spelled
from pipelines.input_tables.formats.text_blocks import TextBlock

VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
ROW = st.dictionaries(st.sampled_from(["a", "b", 'c"', "d{"]), VALUE, max_size=3)


def cut(text, size):
    return [TextBlock(text[k : k + size], False) for k in range(0, len(text), size)]


def plain(rows):
    return json.loads(json.dumps(rows), parse_int=str, parse_float=str)


def values(text, depth, size=1000):
    found = list(json_values(cut(text, size), depth))
    return [row for records in found for row in records.rows], [piece.strip() for records in found for piece in records.broken]


@given(st.lists(ROW, max_size=5), st.integers(1, 40), st.sampled_from([None, 1]), st.booleans())
def test_arrays_and_objects_one_after_the_other_are_read_in_pieces_of_any_size(rows, size, indent, ascii_only):
    array = json.dumps(rows, indent=indent, ensure_ascii=ascii_only)
    assert values(array, 1, size) == (plain(rows), [])
    objects = "\n".join(json.dumps(row, indent=1) for row in rows)
    assert values(objects, 0, size) == (plain(rows), [])


@given(st.lists(ROW, max_size=5), st.booleans())
def test_lines(rows, ascii_only):
    text = "\n".join(json.dumps(row, ensure_ascii=ascii_only) for row in rows)
    [records] = json_lines([TextBlock(text, False)])
    assert (list(records.rows), records.broken) == (plain(rows), [])


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_broken_element_of_an_array_costs_itself(size):
    text = '[{"a": 1}, {"a": bad}, 7, "x", {"a": "}"}, null, {"a": 2}]'
    rows, broken = values(text, 1, size)
    assert [row["a"] for row in rows] == ["1", "}", "2"]
    assert "bad" in "".join(broken)


def test_numbers_keep_their_spelling_and_nested_values_are_json():
    text = '{"a": 12345678901234567890123, "b": 1.50, "c": 1e3, "d": {"e": [1.0, null, true, "é"]}, "f": NaN, "g": "x"}'
    batch = next(iter(json_batches(json_lines([TextBlock(text, False)]), ["a", "b", "c", "d", "f", "g", "d.e", "h", "a.b"])))
    assert list(batch.to_pylist()[0].values())[:9] == [
        *(
            "12345678901234567890123",
            "1.50",
            "1e3",
            '{"e": [1.0, null, true, "é"]}',
            None,
            "x",
            '[1.0, null, true, "é"]',
            None,
            None,
        )
    ]


@given(VALUE)
def test_a_nested_value_is_spelled_as_json_that_says_the_same(value):
    parsed = json.loads(json.dumps(value), parse_int=str, parse_float=str)
    text = spelled(parsed)
    assert (text is None) == (value is None)
    if isinstance(value, list | dict):
        assert json.loads(text) is not None


def test_half_a_character_is_replaced():
    batch = next(iter(json_batches(json_lines([TextBlock('{"a": "x\\ud83d"}', False)]), ["a"])))
    assert batch.column(0).to_pylist() == ["x\ufffd"]
    assert pa.types.is_string(batch.column(0).type)


@pytest.mark.parametrize(
    ("text", "layout", "objects"),
    [
        ('{"a": 1}\n{"a": 2}\n', "lines", 2),
        ('[{"a": 1}, {"a": 2}]', "array", 2),
        ('[\n{"a": 1},\n{"a": 2}\n]', "array", 2),
        ('{\n "a": 1\n}\n{\n "a": 2\n}\n', "objects", 2),
        ('not json\n{"a": 1}\n', "lines", 1),
        ('\ufeff{"a": 1}', "lines", 1),
        ("{'a': 1}\n", "lines", 1),
        ("[1, 2]", "array", 0),
    ],
)
def test_layouts(text, layout, objects):
    look = json_look(text, [], whole=True)
    assert (look.layout, look.objects) == (layout, objects)


def test_a_key_that_first_comes_in_the_middle_of_a_file_is_known():
    assert set(json_look('{"a": 1}\n', ['{"a": 1, "late": 2}\n'], whole=False).names) == {"a", "late"}


@given(st.text(max_size=100), st.integers(1, 10))
def test_no_text_raises(text, size):
    json_look(text, [], whole=True)
    for depth in (0, 1):
        values(text, depth, size)
    list(json_lines([TextBlock(text, False)]))
