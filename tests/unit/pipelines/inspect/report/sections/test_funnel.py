"""The funnel loses no row, and its picture is to scale."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.inspect.report.chart_geometry import LEAST, WIDTH, bars, bins_say, segments
from pipelines.inspect.report.sections.funnel import Level, Taken, caps, funnel
from pipelines.workspace.workspace import Workspace
from schemas.datasets import HARD_NEGATIVES, NOTES, POSITIVES
from schemas.intermediate import MINED
from tests.unit.pipelines.inspect.report.made import note_row, publish

COUNTS = st.integers(0, 10**9)


def test_each_level_holds_what_its_run_counted(tmp_path):
    publish(tmp_path, NOTES, [note_row(0)], dropped={"fewer than 101 likes": 7, "refused: no note_id": 2})
    publish(tmp_path, POSITIVES, [], dropped={"co_click: notes in two splits": 3})
    publish(tmp_path, MINED["crop"], [], dropped={"capped": 4})
    publish(tmp_path, HARD_NEGATIVES, [])
    workspace = Workspace(str(tmp_path))
    notes, pairs, candidates = funnel(workspace)
    assert (notes.given, notes.kept) == (10, 1)
    assert [(t.reason, t.rows) for t in notes.taken] == [("fewer than 101 likes", 7), ("refused: no note_id", 2)]
    assert (pairs.given, pairs.kept, pairs.parts) == (3, 0, (Taken("crop", 0),))
    assert (candidates.given, candidates.kept) == (40, 30)
    assert caps(workspace) == [("crop", Taken("capped", 4))]


@given(COUNTS, st.lists(COUNTS.filter(bool), max_size=12))
def test_a_bar_is_full_and_to_scale_but_for_slivers(kept, taken):
    level = Level("n", "rows", kept, "kept", tuple(Taken(str(k), rows) for k, rows in enumerate(taken)))
    found = segments(level)
    if level.given:
        assert sum(s.width for s in found) == pytest.approx(WIDTH, abs=0.1)
        assert all(s.width >= LEAST / 2 for s in found if s.rows)
        assert all(abs(s.width - s.rows / level.given * WIDTH) <= LEAST * (len(found) + 1) for s in found)
    assert [s.x for s in found] == sorted(s.x for s in found)


@given(st.lists(COUNTS, min_size=1, max_size=20))
def test_bars_stand_on_the_line_and_none_is_lost(counts):
    found = bars(counts)
    assert all(bar.y + bar.height == pytest.approx(44, abs=0.02) for bar in found)
    assert all((bar.height >= 2) == bool(count) for bar, count in zip(found, counts, strict=True))
    assert max(bar.height for bar in found) == (44 if any(counts) else 0)
    assert (bins_say(counts) == "no pairs") == (not any(counts))
