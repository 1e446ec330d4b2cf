"""The funnel accounts for every row, and its bars are to scale."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.inspect.report.chart_geometry import MIN_WIDTH, WIDTH, bars, histogram_summary, segments
from pipelines.inspect.report.sections.funnel import DroppedRows, Level, caps, funnel
from pipelines.workspace.workspace import Workspace
from schemas.datasets import HARD_NEGATIVES, NOTES, POSITIVES
from schemas.intermediate import MINED
from tests.unit.pipelines.inspect.report.report_workspace import note_row, publish

COUNTS = st.integers(0, 10**9)


def test_each_level_has_the_counts_of_its_run(tmp_path):
    publish(tmp_path, NOTES, [note_row(0)], dropped={"fewer than 101 likes": 7, "refused: no note_id": 2})
    publish(tmp_path, POSITIVES, [], dropped={"co_click: notes in two splits": 3})
    publish(tmp_path, MINED["crop"], [], dropped={"capped": 4})
    publish(tmp_path, HARD_NEGATIVES, [])
    workspace = Workspace(str(tmp_path))
    notes, pairs, candidates = funnel(workspace)
    assert (notes.rows_in, notes.kept) == (10, 1)
    assert [(t.reason, t.rows) for t in notes.dropped] == [("fewer than 101 likes", 7), ("refused: no note_id", 2)]
    assert (pairs.rows_in, pairs.kept, pairs.parts) == (3, 0, (DroppedRows("crop", 0),))
    assert (candidates.rows_in, candidates.kept) == (40, 30)
    assert caps(workspace) == [("crop", DroppedRows("capped", 4))]


@given(COUNTS, st.lists(COUNTS.filter(bool), max_size=12))
def test_a_bar_is_full_and_to_scale_except_small_segments(kept, dropped):
    level = Level("n", "rows", kept, "kept", tuple(DroppedRows(str(k), rows) for k, rows in enumerate(dropped)))
    pieces = segments(level)
    if level.rows_in:
        assert sum(s.width for s in pieces) == pytest.approx(WIDTH, abs=0.1)
        assert all(s.width >= MIN_WIDTH / 2 for s in pieces if s.rows)
        assert all(abs(s.width - s.rows / level.rows_in * WIDTH) <= MIN_WIDTH * (len(pieces) + 1) for s in pieces)
    assert [s.x for s in pieces] == sorted(s.x for s in pieces)


@given(st.lists(COUNTS, min_size=1, max_size=20))
def test_bars_start_at_the_axis_and_none_is_missing(counts):
    columns = bars(counts)
    assert all(bar.y + bar.height == pytest.approx(44, abs=0.02) for bar in columns)
    assert all((bar.height >= 2) == bool(count) for bar, count in zip(columns, counts, strict=True))
    assert max(bar.height for bar in columns) == (44 if any(counts) else 0)
    assert (histogram_summary(counts) == "no pairs") == (not any(counts))
