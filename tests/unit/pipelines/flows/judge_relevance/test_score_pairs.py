"""How pairs are cut into chunks, and which are asked when money is short."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.engines.ray.chunk_file import write_chunk
from pipelines.flows.judge_relevance.score_pairs import Asking, Budget, _affordable, ask, failed, limit, pieces
from pipelines.flows.judge_relevance.settings import JudgeRelevance
from pipelines.items.failure_reasons import Reason
from pipelines.judge.judge_chunk import CHUNK
from pipelines.judge.protocol import NOT_ASKED, REFUSED, UNAVAILABLE
from pipelines.judge.score_cache import SAID, cache_of
from pipelines.workspace.filesystem import Folder
from schemas.errors import DataError

SLOW_FIRST = settings(deadline=None, max_examples=60)


def cut(wanted, size):
    rows = pa.table({"n": range(len(wanted))})
    return [part.column("n").to_pylist() for part in pieces(rows, np.array(wanted, bool), size)]


@SLOW_FIRST
@given(st.lists(st.booleans(), max_size=60), st.integers(1, 9))
def test_every_wanted_pair_is_in_one_chunk_and_none_is_too_large(wanted, size):
    parts = cut(wanted, size)
    assert sorted(n for part in parts for n in part) == [n for n, want in enumerate(wanted) if want]
    assert all(0 < len(part) <= size for part in parts)


@SLOW_FIRST
@given(st.integers(1, 60), st.integers(1, 9), st.data())
def test_after_a_kill_the_chunks_that_are_left_are_those_of_the_run_without_it(n, size, data):
    whole = cut([True] * n, size)
    done = data.draw(st.sets(st.sampled_from(range(len(whole)))))
    known = {k for place in done for k in whole[place]}
    assert cut([k not in known for k in range(n)], size) == [part for place, part in enumerate(whole) if place not in done]


def test_what_is_left_of_chunks_is_put_together():
    assert cut([True, False, True, True, False, True, True, True, True], 3) == [[6, 7, 8], [0, 2, 3], [5]]


def test_money_goes_to_the_first_by_worth_among_those_that_are_not_known():
    missing, worth = np.array([True, False, True, True]), np.array([3, 0, 1, 2])
    assert _affordable(missing, worth, 2).tolist() == [False, False, True, True]
    assert _affordable(missing, None, 2).tolist() == [True, False, True, False]
    assert _affordable(missing, worth, 3).tolist() == missing.tolist()
    assert _affordable(missing, worth, None).tolist() == missing.tolist()
    assert not _affordable(missing, worth, 0).any()


def test_too_many_pairs_without_a_score_end_the_job_with_their_reasons():
    limit(10, 0.2)(["too long"] * 2)
    limit(10, 0.2)([NOT_ASKED] * 9)
    with pytest.raises(DataError, match=r"3 of 10 pairs have no score: too long \(2\), server refused \(1\)"):
        limit(10, 0.2)(["too long", "server refused", "too long"])


class Bench:
    """A judge without a pool: its chunks are files, as those of the actors."""

    def __init__(self, closed):
        self.closed, self.asked = closed, []

    def name(self):
        return "judge"

    def worked(self, chunks, work, fresh):
        reasons = []
        for n, rows in enumerate(chunks):
            self.asked += rows.column("candidate_id").to_pylist()
            said = [row | {"score": None if self.closed else 0.5, "reason": "server refused" if self.closed else None}
                    for row in rows.select(["query_id", "candidate_id", "task", "pictures"]).to_pylist()]  # fmt: skip
            made = pa.Table.from_pylist(said, SAID)
            write_chunk(made, work.folder, f"{n}.parquet")
            reasons += [row["reason"] for row in said if row["reason"]]
            work.check(reasons)
            yield made


def test_a_run_after_one_that_was_refused_everything_asks_everything_again(tmp_path):
    names = [f"c{n}" for n in range(10)]
    pairs = [{"query_id": "q", "candidate_id": n, "task": "t", "pictures": "", "files": [], "blank": False} for n in names]
    rows, cache = pa.Table.from_pylist(pairs, CHUNK), cache_of(Folder(str(tmp_path)), "m", "q", "w")
    for closed in (True, True, False):
        bench = Bench(closed)
        asking = Asking(bench, cache, JudgeRelevance(), Budget(None))
        if closed:
            with pytest.raises(DataError, match="pairs that were asked have no score: server refused"):
                ask(asking, rows)
        else:
            assert ask(asking, rows).said.column("score").to_pylist() == [0.5] * 10
        assert bench.asked == names


def test_the_share_is_of_the_pairs_that_are_asked():
    """With budget.max_pairs=20 all of 20 refused pairs passed, for they were few among thousands."""
    with pytest.raises(DataError, match=r"20 of 20 pairs that were asked have no score: server refused \(20\)"):
        limit(20, 0.2, pairs=10_000)([REFUSED] * 20)
    limit(20, 0.2, pairs=10_000)([REFUSED] * 4)


def test_what_the_requests_budget_leaves_out_is_not_asked():
    with pytest.raises(DataError, match="10 of 10 pairs that were asked"):
        limit(100, 0.2)([REFUSED] * 10 + [NOT_ASKED] * 90)


def test_pictures_that_cannot_be_read_are_a_share_of_all_pairs():
    """They are looked for again by each run: alone they must not end it, as long as they are few."""
    limit(5, 0.2, pairs=100)([Reason.MISSING_FILE] * 5)
    with pytest.raises(DataError, match="21 of 100 pairs have no score: missing file"):
        limit(50, 0.2, pairs=100)([Reason.MISSING_FILE] * 21)
    with pytest.raises(DataError, match="4 of 4 pairs that were asked"):
        limit(7, 0.2, pairs=100)([Reason.MISSING_FILE] * 3 + [REFUSED] * 4)


def test_a_few_new_pairs_may_each_be_at_fault_where_many_are_known():
    """Mining and judging take turns: the last ones ask about one or two pairs."""
    limit(1, 0.2, pairs=1000)([REFUSED])
    with pytest.raises(DataError, match="3 of 3 pairs have no score"):
        limit(3, 0.2)([REFUSED] * 3)


def test_pairs_that_failed_before_may_fail_again():
    limit(5, 0.2, again=5)([REFUSED] * 5)
    with pytest.raises(DataError):
        limit(10, 0.2, again=5)([REFUSED] * 6)


def test_pairs_that_failed_before_are_this_judges_and_no_hours_fault():
    rows = [("a", "j", "h", REFUSED), ("b", "j", "h", None), ("c", "j", "h", UNAVAILABLE), ("d", "j", "h", NOT_ASKED),
            ("e", "j", "other", REFUSED), ("f", "other", "h", REFUSED)]  # fmt: skip
    table = pa.table(
        [[r[n] for r in rows] for n in (0, 0, 1, 2, 3)], ["query_id", "candidate_id", "judge", "prompt_hash", "reason"]
    )
    assert failed(table, "j", "h").to_pylist() == ["a\na"]
    assert failed(table.slice(0, 0), "j", "h").to_pylist() == []
