"""Counts as people's platforms write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.input_tables.values.counts import parse_count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        *(
            ("1.2万", 12_000),
            ("2.3w", 23_000),
            ("10+", 10),
            ("1千+", 1_000),
            ("1,234", 1_234),
            ("201.0", 201),
            ("10万+", 100_000),
        ),
        *(
            (" 7 ", 7),
            ("１２３", 123),
            ("1.2345万", 12_345),
            ("1.23456万", 12_345),
            ("3亿", 300_000_000),
            ("2K", 2_000),
            ("-1", -1),
        ),
        *(("1e3", 1_000), ("1.5E3", 1_500), ("9223372036854775807", 2**63 - 1), ("1,234,567.0", 1_234_567), ("2M", 2_000_000)),
    ],
)
def test_counts(text, count):
    assert parse_count(text) == count


@pytest.mark.parametrize(
    "text",
    [
        "",
        "赞",
        "1.5",
        "1.234",
        "many",
        "true",
        "9223372036854775808",
        "1e30",
        "1e999",
        "NaN",
        "12,34",
        "1 2",
        "0x10",
        "万",
        "1.2.3",
        "9" * 100,
        "2026-11-25",
    ],
)
def test_what_is_no_count(text):
    assert parse_count(text) is None


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_whole_number_of_64_bits_is_a_count(number):
    assert parse_count(str(number)) == (number if number > -(2**63) else None)


@given(st.text(max_size=30))
def test_no_text_raises(text):
    found = parse_count(text)
    assert found is None or abs(found) < 2**63
