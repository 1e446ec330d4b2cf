"""Times in the spellings that people's tables have; what would have to be guessed is none."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.input_tables.settings import ReadOptions
from pipelines.input_tables.values.times import micros_of_numbers, parse_time

RANGE = ReadOptions().time_range()
TEN = datetime(2026, 11, 25, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        *(("1795600800", TEN), ("1795600800000", TEN), ("1795600800000000", TEN), ("1795600800000000000", TEN)),
        *(("1795600800.25", TEN.replace(microsecond=250_000)), ("1.7956008e9", TEN), ("2026-11-25T10:00", TEN)),
        *(("2026-11-25 18:00:00+0800", TEN), ("2026-11-25 18:00:00 Asia/Shanghai", TEN), ("2026-11-25 10:00:00 UTC", TEN)),
        *(
            ("20261125", TEN.replace(hour=0)),
            ("20261125100000", TEN),
            ("202611251000", TEN),
            ("2026-11-25", TEN.replace(hour=0)),
        ),
        *(
            ("2026/11/25 10:00", TEN),
            ("2026.11.25 10:00", TEN),
            ("2026-11-25_10:00:00", TEN),
            ("Wed Nov 25 10:00:00 +0000 2026", TEN),
        ),
        *(("Wed, 25 Nov 2026 10:00:00 GMT", TEN), ("2026-11-25T10:00:00.123456789Z", TEN.replace(microsecond=123_456))),
        *(("2026年11月25日", TEN.replace(hour=0)), ("2026年11月25日 10:00", TEN), ("2026-11-25 10:00:00.000 +00:00", TEN)),
        *(("２０２６-11-25 10:00", TEN), ("20261125T100000Z", TEN), ("2026-1-5 9:05", datetime(2026, 1, 5, 9, 5, tzinfo=UTC))),
    ],
)
def test_times(text, time):
    found = parse_time(text, *RANGE)
    assert found is not None
    assert datetime.fromtimestamp(found / 1e6, UTC) == time


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2026",
            "10:00",
            "0",
            "-1",
            "11/25/2026 10:00",
            "25-11-2026",
            "2026-11",
            "11-25",
            "1795600800L",
            "1,795,600,800",
            "soon",
        ),
        *(
            "昨天 10:20",
            "2026-02-30",
            "2026-11-25 24:00:00",
            "2026-11-25 10:00 Mars/Olympus",
            "20261325",
            "9999-12-31",
            "1e300",
            "NaN",
            "",
        ),
        *("1795600800000000000000", "2026-11-25 10:00:00 CST", "2026-11/25", "x" * 100),
    ],
)
def test_what_is_no_time(text):
    assert parse_time(text, *RANGE) is None


def test_the_plausible_range_is_a_setting():
    seventies = ReadOptions(earliest_time="1970-01-01", latest_time="1980-01-01").time_range()
    assert parse_time("86400", *seventies) == 86_400_000_000
    assert parse_time("2026-11-25", *seventies) is None


@given(st.datetimes(datetime(1991, 1, 1), datetime(2099, 12, 31)), st.sampled_from([1, 1_000, 1_000_000, 1_000_000_000]))
@example(datetime(1990, 1, 1), 1_000_000)  # nanoseconds of 1990 are .NET's ticks of 100 ns of our days: `times.TICKS`
def test_seconds_to_nanoseconds_are_told_apart_by_their_size(time, per_second):
    number = int(time.replace(tzinfo=UTC, microsecond=0).timestamp()) * per_second
    micros, sound = micros_of_numbers(np.array([number]), *RANGE)
    assert sound[0]
    assert micros[0] == number // per_second * 1_000_000


@given(st.text(max_size=30) | st.integers().map(str))
def test_no_text_raises(text):
    found = parse_time(text, *RANGE)
    assert found is None or RANGE[0] <= found < RANGE[1]


@pytest.mark.parametrize("text", ["639158976000000000", "2026-06-01T10:00:00+02:00[Europe/Berlin]", "2026-06-01T08:00Z[UTC]"])
def test_nets_ticks_and_javas_zone_names(text):
    at = parse_time(text, *ReadOptions().time_range())
    assert at == int(datetime(2026, 6, 1, 8, tzinfo=UTC).timestamp()) * 1_000_000
