"""Their values as ours: widened where nothing is lost, null and marked where something would be."""

import base64
import datetime as dt
import decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.input_tables.settings import ReadOptions
from pipelines.input_tables.values.convert import convert, type_fault
from schemas.inputs import CLICKS_IN, IMAGES_IN, NOTES_IN

OPTIONS = ReadOptions()
ID, LIKES, TIME, IMAGES = (NOTES_IN.field(name) for name in ("note_id", "like_count", "published_at", "images"))
CONTENT = IMAGES_IN.field("content")
NAN = float("nan")
DAY = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)
UUID = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes(range(16)), None], pa.binary(16)))
B64 = base64.b64encode(b"abc").decode()


def both(values, field):
    made = convert(values, field, OPTIONS)
    assert made.values.type == field.type
    assert len(made.values) == len(made.invalid) == len(values)
    return made.values.to_pylist(), made.invalid.to_pylist()


@pytest.mark.parametrize(
    ("values", "made"),
    [
        (pa.array(["7", None]), ["7", None]),
        (
            pa.array(["20-11-2025", "True", " a ", "6F9619FF-8B86-D011-B42D-00C04FC964FF"]),
            ["20-11-2025", "True", " a ", "6F9619FF-8B86-D011-B42D-00C04FC964FF"],
        ),
        (pa.array([7, None]), ["7", None]),
        (pa.array([2**64 - 1], pa.uint64()), [str(2**64 - 1)]),
        (pa.array([100.0, NAN, None, 1.5]), ["100", None, None, "1.5"]),
        (pa.array([decimal.Decimal("201.00"), decimal.Decimal("1.50")]), ["201", "1.50"]),
        (pa.array([b"abc", "é".encode()]), ["abc", "é"]),
        (pa.array([b"abc"], pa.large_binary()), ["abc"]),
        (UUID, ["00010203-0405-0607-0809-0a0b0c0d0e0f", None]),
        (pa.array([dt.date(2026, 11, 25)]), ["2026-11-25"]),
        (pa.array(["a", "b"], pa.large_string()), ["a", "b"]),
        (pa.array(["a", "b"], pa.string_view()), ["a", "b"]),
        (pa.array(["a", None, "a"]).dictionary_encode(), ["a", None, "a"]),
        (pa.array([None, None]), [None, None]),
    ],
)
def test_texts(values, made):
    assert both(values, ID) == (made, [False] * len(made))


def test_a_double_that_has_lost_digits_is_no_id():
    assert both(pa.array([2.0**60, 2.0**53]), ID) == ([None, str(2**53)], [True, False])


@pytest.mark.parametrize(
    ("id_", "lost"),
    [
        *[(text, True) for text in ("1.79579E+18", " 1.79579E+18 ", "1,79579E+18", "2E+18", "-1.7E+11")],
        *[(text, True) for text in ("1.795790123456789e+18", "1.79579E18", "1.795790123456789E18")],  # pandas, Java
        *[(text, False) for text in ("1.2345678E7", "1.234567E7", "1.795E+3")],  # every digit is there
        *[(text, False) for text in ("1e5", "5E10", "100.0", "1.79579", "E+18", "1.79579E+18x", "12.5E+18", "1E+1234")],
    ],
)
def test_an_id_that_a_spreadsheet_has_rounded_is_none_and_a_title_stays(id_, lost):
    ids = pa.array(["n1", id_, None])
    assert both(ids, ID) == (["n1", None if lost else id_, None], [False, lost, False])
    assert both(ids, NOTES_IN.field("title")) == (["n1", id_, None], [False] * 3)


@pytest.mark.parametrize(
    ("values", "made", "invalid"),
    [
        (pa.array([1, None], pa.int8()), [1, None], [False, False]),
        (pa.array([1, 2**63], pa.uint64()), [1, None], [False, True]),
        (
            pa.array([201.0, NAN, None, 1.5, 1e19, float("inf")]),
            [201, None, None, None, None, None],
            [False, False, False, True, True, True],
        ),
        (pa.array([2.0], pa.float16()), [2], [False]),
        (pa.array([decimal.Decimal(7), None]), [7, None], [False, False]),
        (pa.array([decimal.Decimal("7.5")]), [None], [True]),
        (pa.array([10**30], pa.decimal128(38, 0)), [None], [True]),
        (pa.array(["1.2万", " 7 ", "", None, "赞"]), [12_000, 7, None, None, None], [False, False, False, False, True]),
        (pa.array(["7", "8"]).dictionary_encode(), [7, 8], [False, False]),
    ],
)
def test_whole_numbers(values, made, invalid):
    assert both(values, LIKES) == (made, invalid)


@pytest.mark.parametrize(
    "values",
    [
        pa.array([DAY], pa.timestamp("s", "UTC")),
        pa.array([DAY], pa.timestamp("ms", "Asia/Shanghai")),
        pa.array([DAY.replace(tzinfo=None)], pa.timestamp("ns")),
        pa.array([DAY.date()]),
        pa.array([DAY.date()], pa.date64()),
        pa.array([1795564800]),
        pa.array([1795564800000]),
        pa.array([20261125], pa.int32()),
        pa.array([20261125.0]),
        pa.array([1795564800.0]),
        pa.array(["2026-11-25T08:00:00+08:00"]),
        pa.array(["2026-11-25"]),
        pa.array(["1795564800"]),
        pa.array([" 20261125 "]),
        pa.array([decimal.Decimal(1795564800)]),
    ],
)
def test_times(values):
    assert both(values, TIME) == ([DAY], [False])


def test_times_that_are_none_are_null_and_marked():
    texts = ["2026-11-25", None, "", "10:00", "2026", "1969-12-31"]
    assert both(pa.array(texts), TIME)[1] == [False, False, False, True, True, True]
    assert both(pa.array([DAY, DAY.replace(year=1970), None]), TIME)[1] == [False, True, False]
    assert both(pa.array([5, 2026, 0, None]), TIME)[1] == [True, True, True, False]
    assert both(pa.array([NAN, None, 5.5]), TIME)[1] == [False, False, True]


@pytest.mark.parametrize(
    ("values", "made", "invalid"),
    [
        (pa.array([b"abc", None]), [b"abc", None], [False, False]),
        (pa.array([b"abc"], pa.large_binary()), [b"abc"], [False]),
        (pa.array([b"abc"], pa.binary_view()), [b"abc"], [False]),
        (
            pa.array([B64, f"data:image/png;base64,{B64}", B64[:2] + "\n" + B64[2:], "-_-_", "%%", None]),
            [b"abc", b"abc", b"abc", b"\xfb\xff\xbf", None, None],
            [False] * 4 + [True, False],
        ),
        (pa.array([[97, 98, 99], None], pa.list_(pa.uint8())), [b"abc", None], [False, False]),
        (pa.array([[-1], [256]]), [b"\xff", None], [False, True]),
        (pa.array(["[97, 98, 99]"]), [b"abc"], [False]),
        (pa.array([{"bytes": b"abc", "path": "x"}, {"bytes": None, "path": "x"}]), [b"abc", None], [False, False]),
    ],
)
def test_bytes(values, made, invalid):
    assert both(values, CONTENT) == (made, invalid)


@pytest.mark.parametrize(
    ("values", "made", "invalid"),
    [
        (pa.array([[{"uri": "u", "w": 3, "image_id": 7}], None, []]), [[("7", "u")], None, []], [False] * 3),
        (pa.array([[{"image_id": "a", "uri": "b"}]] * 3).slice(1), [[("a", "b")]] * 2, [False] * 2),
        (pa.array([[{"uri": "u"}]]), [[("u", "u")]], [False]),
        (pa.array([["a", "b"], None]), [[("a", "a"), ("b", "b")], None], [False] * 2),
        (pa.array([["a"]], pa.large_list(pa.large_string())), [[("a", "a")]], [False]),
        (pa.array([["a"]], pa.list_view(pa.string_view())), [[("a", "a")]], [False]),
        (pa.array([["a", "b"]], pa.list_(pa.string(), 2)), [[("a", "a"), ("b", "b")]], [False]),
        (pa.array([[], None], pa.list_(pa.null())), [[], None], [False] * 2),
        (pa.array(['["a"]', '[{"image_id": 1, "uri": "x"}]', "", None, "x.jpg", "[1", "http://a/1!w,http://a/2!w"]), [[("a", "a")], [("1", "x")], [], None, [("x.jpg", "x.jpg")], None, [("http://a/1!w", "http://a/1!w"), ("http://a/2!w", "http://a/2!w")]], [False] * 5 + [True, False]),
        (pa.array(["['a.jpg', 'b.jpg']"]), [[("a.jpg", "a.jpg"), ("b.jpg", "b.jpg")]], [False]),
    ],
)  # fmt: skip
def test_lists_of_pictures(values, made, invalid):
    found, marked = both(values, IMAGES)
    assert [None if row is None else [(p["image_id"], p["uri"]) for p in row] for row in found] == made
    assert marked == invalid


@pytest.mark.parametrize(
    ("kind", "field", "message"),
    [
        (pa.bool_(), LIKES, "column 'like_count' is bool, expected whole numbers"),
        (pa.list_(pa.int64()), LIKES, "column 'like_count' is list<item: int64>, expected whole numbers"),
        (pa.duration("s"), LIKES, "column 'like_count' is duration[s], expected whole numbers"),
        (pa.time64("us"), TIME, "column 'published_at' is time64[us], expected times"),
        (pa.struct([("a", pa.int64())]), ID, "column 'note_id' is struct<a: int64>, expected text"),
        (pa.int64(), CONTENT, "column 'content' is int64, expected bytes"),
        (
            pa.map_(pa.string(), pa.string()),
            IMAGES,
            "column 'images' is map<string, string>, expected a list of structs with image_id and uri",
        ),
    ],
)
def test_a_type_that_can_never_be_read_is_named(kind, field, message):
    assert type_fault(kind, field) == message


@pytest.mark.parametrize(
    "kind",
    [
        pa.int8(),
        pa.uint64(),
        pa.float16(),
        pa.float64(),
        pa.decimal128(20, 0),
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.null(),
        pa.binary(),
        pa.dictionary(pa.int8(), pa.string()),
    ],
)
def test_types_whose_values_decide_have_no_fault(kind):
    assert type_fault(kind, LIKES) is None
    assert type_fault(kind, ID) is None


@given(st.lists(st.none() | st.text(max_size=8) | st.integers().map(str)), st.sampled_from([*NOTES_IN, *CLICKS_IN, *IMAGES_IN]))
def test_any_texts_become_values_or_marked_nulls(texts, field):
    values, invalid = both(pa.array(texts, pa.string()), field)
    for text, value, marked in zip(texts, values, invalid, strict=True):
        assert not (marked and value is not None)
        assert text is not None or (value is None and not marked)
        if pa.types.is_string(field.type):
            assert value == text
