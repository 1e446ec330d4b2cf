"""How pairs are cut into chunks, and which are judged within a budget."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.engines.ray.chunk_file import write_chunk
from pipelines.flows.judge_relevance.score_pairs import JudgeRun, PairBudget, _affordable, chunks, failed_pairs, score_pairs
from pipelines.flows.judge_relevance.settings import JudgeRelevance
from pipelines.flows.judge_relevance.unscored_limit import UnscoredLimit
from pipelines.items.failure_reasons import Reason
from pipelines.judge.judge_chunk import CHUNK
from pipelines.judge.protocol import NOT_ASKED, REFUSED, UNAVAILABLE
from pipelines.judge.score_cache import ANSWERS, cache_of
from pipelines.workspace.filesystem import Folder
from schemas.errors import DataError

SLOW_FIRST = settings(deadline=None, max_examples=60)


def cut(selected, size):
    rows = pa.table({"n": range(len(selected))})
    return [part.column("n").to_pylist() for part in chunks(rows, np.array(selected, bool), size)]


@SLOW_FIRST
@given(st.lists(st.booleans(), max_size=60), st.integers(1, 9))
def test_every_selected_pair_is_in_one_chunk_and_none_is_too_large(selected, size):
    parts = cut(selected, size)
    assert sorted(n for part in parts for n in part) == [n for n, want in enumerate(selected) if want]
    assert all(0 < len(part) <= size for part in parts)


@SLOW_FIRST
@given(st.integers(1, 60), st.integers(1, 9), st.data())
def test_after_a_kill_the_remaining_chunks_are_those_of_a_run_without_it(n, size, data):
    whole = cut([True] * n, size)
    done = data.draw(st.sets(st.sampled_from(range(len(whole)))))
    cached = {k for place in done for k in whole[place]}
    assert cut([k not in cached for k in range(n)], size) == [part for place, part in enumerate(whole) if place not in done]


def test_the_rest_of_partly_cached_chunks_is_put_together():
    assert cut([True, False, True, True, False, True, True, True, True], 3) == [[6, 7, 8], [0, 2, 3], [5]]


def test_the_budget_goes_to_the_first_by_priority_among_those_not_cached():
    missing, priority = np.array([True, False, True, True]), np.array([3, 0, 1, 2])
    assert _affordable(missing, priority, 2).tolist() == [False, False, True, True]
    assert _affordable(missing, None, 2).tolist() == [True, False, True, False]
    assert _affordable(missing, priority, 3).tolist() == missing.tolist()
    assert _affordable(missing, priority, None).tolist() == missing.tolist()
    assert not _affordable(missing, priority, 0).any()


def test_too_many_pairs_without_a_score_end_the_job_with_their_reasons():
    UnscoredLimit(10, 0.2)(["too long"] * 2)
    UnscoredLimit(10, 0.2)([NOT_ASKED] * 9)
    with pytest.raises(DataError, match=r"3 of 10 pairs have no score: too long \(2\), server refused \(1\)"):
        UnscoredLimit(10, 0.2)(["too long", "server refused", "too long"])


class FakePool:
    """A judge without actors; its chunks are files, like those of the actors."""

    def __init__(self, closed):
        self.closed, self.candidates = closed, []

    def name(self):
        return "judge"

    def judge_chunks(self, chunks, work, fresh):
        reasons = []
        for n, rows in enumerate(chunks):
            self.candidates += rows.column("candidate_id").to_pylist()
            answers = [row | {"score": None if self.closed else 0.5, "reason": "server refused" if self.closed else None}
                    for row in rows.select(["query_id", "candidate_id", "task", "pictures"]).to_pylist()]  # fmt: skip
            table = pa.Table.from_pylist(answers, ANSWERS)
            write_chunk(table, work.folder, f"{n}.parquet")
            reasons += [row["reason"] for row in answers if row["reason"]]
            work.check(reasons)
            yield table


def test_a_run_after_one_with_only_refusals_judges_everything_again(tmp_path):
    names = [f"c{n}" for n in range(10)]
    pairs = [{"query_id": "q", "candidate_id": n, "task": "t", "pictures": "", "files": [], "blank": False} for n in names]
    rows, cache = pa.Table.from_pylist(pairs, CHUNK), cache_of(Folder(str(tmp_path)), "m", "q", "w")
    for closed in (True, True, False):
        judge = FakePool(closed)
        run = JudgeRun(judge, cache, JudgeRelevance(), PairBudget(None))
        if closed:
            with pytest.raises(DataError, match="pairs sent to the judge have no score: server refused"):
                score_pairs(run, rows)
        else:
            assert score_pairs(run, rows).answers.column("score").to_pylist() == [0.5] * 10
        assert judge.candidates == names


def test_the_share_is_of_the_pairs_sent_to_the_judge():
    """With budget.max_pairs=20 all of 20 refused pairs passed, for they were few among thousands."""
    with pytest.raises(DataError, match=r"20 of 20 pairs sent to the judge have no score: server refused \(20\)"):
        UnscoredLimit(20, 0.2, pairs=10_000)([REFUSED] * 20)
    UnscoredLimit(20, 0.2, pairs=10_000)([REFUSED] * 4)


def test_pairs_beyond_the_request_budget_do_not_count():
    with pytest.raises(DataError, match="10 of 10 pairs sent to the judge"):
        UnscoredLimit(100, 0.2)([REFUSED] * 10 + [NOT_ASKED] * 90)


def test_unreadable_pictures_are_a_share_of_all_pairs():
    """Each run tries them again: a few of them must not end it."""
    UnscoredLimit(5, 0.2, pairs=100)([Reason.MISSING_FILE] * 5)
    with pytest.raises(DataError, match="21 of 100 pairs have no score: missing file"):
        UnscoredLimit(50, 0.2, pairs=100)([Reason.MISSING_FILE] * 21)
    with pytest.raises(DataError, match="4 of 4 pairs sent to the judge"):
        UnscoredLimit(7, 0.2, pairs=100)([Reason.MISSING_FILE] * 3 + [REFUSED] * 4)


def test_a_few_new_pairs_may_fail_if_many_are_cached():
    """Mining and judging alternate: the last rounds judge one or two pairs."""
    UnscoredLimit(1, 0.2, pairs=1000)([REFUSED])
    with pytest.raises(DataError, match="3 of 3 pairs have no score"):
        UnscoredLimit(3, 0.2)([REFUSED] * 3)


def test_pairs_that_failed_before_may_fail_again():
    UnscoredLimit(5, 0.2, failed_before=5)([REFUSED] * 5)
    with pytest.raises(DataError):
        UnscoredLimit(10, 0.2, failed_before=5)([REFUSED] * 6)


def test_pairs_that_failed_before_are_those_of_this_judge_with_a_permanent_reason():
    rows = [("a", "j", "h", REFUSED), ("b", "j", "h", None), ("c", "j", "h", UNAVAILABLE), ("d", "j", "h", NOT_ASKED),
            ("e", "j", "other", REFUSED), ("f", "other", "h", REFUSED)]  # fmt: skip
    table = pa.table(
        [[r[n] for r in rows] for n in (0, 0, 1, 2, 3)], ["query_id", "candidate_id", "judge", "prompt_hash", "reason"]
    )
    assert failed_pairs(table, "j", "h").to_pylist() == ["a\na"]
    assert failed_pairs(table.slice(0, 0), "j", "h").to_pylist() == []
