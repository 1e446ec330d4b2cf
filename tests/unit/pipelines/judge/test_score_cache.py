"""The cache: what was answered stays, whatever dies, and is one of each."""

import itertools
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.judge.protocol import NOT_ASKED, UNAVAILABLE
from pipelines.judge.score_cache import MOST_FILES, SAID, cache_of
from pipelines.workspace.filesystem import Folder
from schemas.errors import DataError


def said(*names, score=0.5, reason=None, pictures="x"):
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
    return pa.Table.from_pylist(rows, SAID)


def cache(folder, model="m", question="q", workspace="w"):
    return cache_of(Folder(str(folder)), model, question, workspace)


def chunk(of, rows, name="c"):
    place = of.unfinished.uri
    of.unfinished.write(f"{name}.parquet", b"")
    pq.write_table(rows, f"{place}/{name}.parquet")


def names(rows):
    return rows.column("candidate_id").to_pylist()


def test_a_finished_chunk_is_known_before_and_after_it_is_gathered(tmp_path):
    one = cache(tmp_path)
    chunk(one, said("a", "b"))
    assert names(one.known(said("a", "b", "c"))) == ["a", "b"]
    one.gather()
    assert names(one.known(said("a", "b", "c"))) == ["a", "b"]
    assert one.unfinished.parquet_files() == []
    assert len(one.folder.parquet_files()) == 1


@pytest.mark.parametrize("content", [b"", b"PAR1 and no more"])
def test_a_damaged_chunk_of_a_run_costs_its_own_answers_and_no_others(tmp_path, content):
    one = cache(tmp_path)
    chunk(one, said("a"), "whole")
    one.unfinished.write("damaged.parquet", content)
    assert names(one.known(said("a", "b"))) == ["a"]
    assert names(cache(tmp_path, workspace="v").known(said("a", "b"))) == ["a"]
    one.gather()
    assert names(one.known(said("a", "b"))) == ["a"]
    assert one.unfinished.parquet_files() == []


def test_another_workspace_sees_it_another_judge_or_question_does_not(tmp_path):
    chunk(cache(tmp_path), said("a"))
    assert names(cache(tmp_path, workspace="v").known(said("a"))) == ["a"]
    assert names(cache(tmp_path, model="n").known(said("a"))) == []
    assert names(cache(tmp_path, question="r").known(said("a"))) == []


def test_a_workspace_leaves_the_open_chunks_of_another_alone(tmp_path):
    chunk(cache(tmp_path), said("a"))
    cache(tmp_path, workspace="v").gather()
    assert cache(tmp_path).unfinished.parquet_files() == ["c.parquet"]


def test_other_pictures_or_another_task_are_another_pair(tmp_path):
    chunk(cache(tmp_path), said("a"))
    assert len(cache(tmp_path).known(said("a", pictures="y"))) == 0
    turned = said("a").set_column(2, "task", pa.array(["text_to_note"]))
    assert len(cache(tmp_path).known(turned)) == 0


def test_a_reason_of_the_hour_is_no_answer_one_of_the_pair_is(tmp_path):
    one = cache(tmp_path)
    chunk(one, pa.concat_tables([said("a", reason=UNAVAILABLE), said("b", reason=NOT_ASKED), said("c", reason="too long")]))
    assert names(one.known(said("a", "b", "c"))) == ["c"]
    one.gather()
    assert names(one.known(said("a", "b", "c"))) == ["c"]


def test_a_kill_between_writing_and_removing_doubles_nothing(tmp_path):
    one = cache(tmp_path)
    chunk(one, said("a", "b"))
    one.gather()
    chunk(one, said("a", "b"))
    assert names(one.known(said("a", "b"))) == ["a", "b"]


def test_of_several_answers_a_score_counts_and_the_order_of_files_does_not(tmp_path):
    tables = [said("a", reason="too long"), said("a", score=0.7), said("a", score=0.6)]
    for n, order in enumerate(itertools.permutations(tables)):
        one = cache(tmp_path / str(n))
        for k, rows in enumerate(order):
            chunk(one, rows, f"c{k}")
        assert one.known(said("a")).column("score").to_pylist() == [0.6]


def test_many_small_files_become_one(tmp_path):
    one = cache(tmp_path)
    order = [f"{n:03}" for n in range(MOST_FILES + 1)]
    random.Random(0).shuffle(order)
    for n in order:
        chunk(one, said(n))
        one.gather()
    assert len(one.folder.parquet_files()) == 1
    assert names(one.known(said(*order))) == sorted(order)


def test_gathering_again_changes_no_file(tmp_path):
    one = cache(tmp_path)
    chunk(one, said("a"))
    one.gather()
    before = one.folder.parquet_files()
    one.gather()
    assert one.folder.parquet_files() == before


def test_nothing_is_written_for_a_run_without_an_answer(tmp_path):
    one = cache(tmp_path)
    chunk(one, said("a", reason=UNAVAILABLE))
    one.gather()
    assert one.folder.parquet_files() == [] and one.unfinished.parquet_files() == []


def test_a_file_of_something_else_is_named(tmp_path):
    one = cache(tmp_path)
    one.folder.write("mine.parquet", b"no parquet")
    with pytest.raises(DataError, match=r"mine\.parquet: not a file of the judge's cache"):
        one.known(said("a"))


def test_a_file_that_goes_into_another_while_it_is_read_is_looked_for_again(tmp_path, monkeypatch):
    one = cache(tmp_path)
    chunk(one, said("a"))
    listed = Folder.parquet_files
    looks = itertools.count()

    def gone_at_first(folder):
        found = listed(folder)
        return [*found, "gone.parquet"] if next(looks) == 0 else found

    monkeypatch.setattr(Folder, "parquet_files", gone_at_first)
    assert names(one.known(said("a"))) == ["a"]


def test_after_too_many_refusals_the_scores_stay_and_no_refusal_does(tmp_path):
    """A server that refuses everything (a wrong key, a wrong question) says nothing of the pairs."""
    of = cache(tmp_path)
    refusals = said("b", reason="too long")
    chunk(of, pa.concat_tables([said("a"), refusals, said("c", reason="model failed")]))
    of.gather(refusals=False)
    assert names(of.known(said("a", "b", "c"))) == ["a"]
    chunk(of, refusals)
    of.gather()
    assert names(of.known(said("a", "b", "c"))) == ["a", "b"]
