"""The cache: answers survive any kill, one per key."""

import itertools
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.judge.protocol import NOT_ASKED, UNAVAILABLE
from pipelines.judge.score_cache import ANSWERS, MAX_SMALL_FILES, cache_of
from pipelines.workspace.filesystem import Folder
from schemas.errors import DataError


def answers(*names, score=0.5, reason=None, pictures="x"):
    rows = [
        {
            "query_id": "q",
            "candidate_id": n,
            "task": "note_to_note",
            "pictures": pictures,
            "score": None if reason else score,
            "reason": reason,
        }
        for n in names
    ]
    return pa.Table.from_pylist(rows, ANSWERS)


def cache(folder, model="m", question="q", workspace="w"):
    return cache_of(Folder(str(folder)), model, question, workspace)


def chunk(of, rows, name="c"):
    place = of.unfinished.uri
    of.unfinished.write(f"{name}.parquet", b"")
    pq.write_table(rows, f"{place}/{name}.parquet")


def names(rows):
    return rows.column("candidate_id").to_pylist()


def test_a_finished_chunk_is_cached_before_and_after_it_is_merged(tmp_path):
    one = cache(tmp_path)
    chunk(one, answers("a", "b"))
    assert names(one.lookup(answers("a", "b", "c"))) == ["a", "b"]
    one.merge()
    assert names(one.lookup(answers("a", "b", "c"))) == ["a", "b"]
    assert one.unfinished.parquet_files() == []
    assert len(one.folder.parquet_files()) == 1


@pytest.mark.parametrize("content", [b"", b"PAR1 and no more"])
def test_a_damaged_chunk_of_a_run_loses_only_its_own_answers(tmp_path, content):
    one = cache(tmp_path)
    chunk(one, answers("a"), "whole")
    one.unfinished.write("damaged.parquet", content)
    assert names(one.lookup(answers("a", "b"))) == ["a"]
    assert names(cache(tmp_path, workspace="v").lookup(answers("a", "b"))) == ["a"]
    one.merge()
    assert names(one.lookup(answers("a", "b"))) == ["a"]
    assert one.unfinished.parquet_files() == []


def test_another_workspace_shares_answers_and_another_judge_or_question_does_not(tmp_path):
    chunk(cache(tmp_path), answers("a"))
    assert names(cache(tmp_path, workspace="v").lookup(answers("a"))) == ["a"]
    assert names(cache(tmp_path, model="n").lookup(answers("a"))) == []
    assert names(cache(tmp_path, question="r").lookup(answers("a"))) == []


def test_a_workspace_does_not_touch_the_open_chunks_of_another(tmp_path):
    chunk(cache(tmp_path), answers("a"))
    cache(tmp_path, workspace="v").merge()
    assert cache(tmp_path).unfinished.parquet_files() == ["c.parquet"]


def test_other_pictures_or_another_task_are_another_pair(tmp_path):
    chunk(cache(tmp_path), answers("a"))
    assert len(cache(tmp_path).lookup(answers("a", pictures="y"))) == 0
    turned = answers("a").set_column(2, "task", pa.array(["text_to_note"]))
    assert len(cache(tmp_path).lookup(turned)) == 0


def test_a_transient_reason_is_not_cached_and_a_permanent_one_is(tmp_path):
    one = cache(tmp_path)
    chunk(
        one,
        pa.concat_tables([answers("a", reason=UNAVAILABLE), answers("b", reason=NOT_ASKED), answers("c", reason="too long")]),
    )
    assert names(one.lookup(answers("a", "b", "c"))) == ["c"]
    one.merge()
    assert names(one.lookup(answers("a", "b", "c"))) == ["c"]


def test_a_kill_between_writing_and_deleting_duplicates_nothing(tmp_path):
    one = cache(tmp_path)
    chunk(one, answers("a", "b"))
    one.merge()
    chunk(one, answers("a", "b"))
    assert names(one.lookup(answers("a", "b"))) == ["a", "b"]


def test_of_several_answers_a_score_wins_whatever_the_order_of_files(tmp_path):
    tables = [answers("a", reason="too long"), answers("a", score=0.7), answers("a", score=0.6)]
    for n, order in enumerate(itertools.permutations(tables)):
        one = cache(tmp_path / str(n))
        for k, rows in enumerate(order):
            chunk(one, rows, f"c{k}")
        assert one.lookup(answers("a")).column("score").to_pylist() == [0.6]


def test_many_small_files_become_one(tmp_path):
    one = cache(tmp_path)
    order = [f"{n:03}" for n in range(MAX_SMALL_FILES + 1)]
    random.Random(0).shuffle(order)
    for n in order:
        chunk(one, answers(n))
        one.merge()
    assert len(one.folder.parquet_files()) == 1
    assert names(one.lookup(answers(*order))) == sorted(order)


def test_merging_again_changes_no_file(tmp_path):
    one = cache(tmp_path)
    chunk(one, answers("a"))
    one.merge()
    before = one.folder.parquet_files()
    one.merge()
    assert one.folder.parquet_files() == before


def test_nothing_is_written_for_a_run_without_an_answer(tmp_path):
    one = cache(tmp_path)
    chunk(one, answers("a", reason=UNAVAILABLE))
    one.merge()
    assert one.folder.parquet_files() == [] and one.unfinished.parquet_files() == []


def test_a_file_of_something_else_is_named(tmp_path):
    one = cache(tmp_path)
    one.folder.write("mine.parquet", b"no parquet")
    with pytest.raises(DataError, match=r"mine\.parquet: not a file of the judge cache"):
        one.lookup(answers("a"))


def test_the_folder_is_listed_again_if_a_file_was_merged_meanwhile(tmp_path, monkeypatch):
    one = cache(tmp_path)
    chunk(one, answers("a"))
    listed = Folder.parquet_files
    listings = itertools.count()

    def gone_at_first(folder):
        files = listed(folder)
        return [*files, "gone.parquet"] if next(listings) == 0 else files

    monkeypatch.setattr(Folder, "parquet_files", gone_at_first)
    assert names(one.lookup(answers("a"))) == ["a"]


def test_after_too_many_refusals_only_the_scores_are_cached(tmp_path):
    """A server that refuses everything (a wrong key, a wrong question) is no answer for the pairs."""
    of = cache(tmp_path)
    refusals = answers("b", reason="too long")
    chunk(of, pa.concat_tables([answers("a"), refusals, answers("c", reason="model failed")]))
    of.merge(refusals=False)
    assert names(of.lookup(answers("a", "b", "c"))) == ["a"]
    chunk(of, refusals)
    of.merge()
    assert names(of.lookup(answers("a", "b", "c"))) == ["a", "b"]
