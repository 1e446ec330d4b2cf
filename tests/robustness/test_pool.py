"""Pools of actors: the same rows for any number of them, whatever dies."""

import pytest

from pipelines.encode.encode_chunk import embedding_rows
from pipelines.encode.item_content import BadContent
from pipelines.engines.ray.actor_pool import start_pool
from pipelines.engines.ray.chunk_queue import ChunkWork, run_chunks
from pipelines.engines.ray.cluster import Machines
from pipelines.engines.ray.failure_limit import FailureLimit
from pipelines.workspace.filesystem import Folder
from schemas.errors import DataError, SettingsError
from tests.robustness.workers import Lengths, Texts, Unloadable, rows


def poison(chunk):
    return embedding_rows(chunk, [BadContent("its process died", "")] * len(chunk), "lengths")


def worked(folder, texts, models=1, size=4, most=1.0):
    """The rows as (item_id, vector, reason) of texts in chunks of `size`."""
    every = rows(*texts)
    chunks = [every.slice(k, size) for k in range(0, len(every), size)]
    work = ChunkWork(
        stage="lengths",
        folder=Folder(str(folder / "chunks")),
        stamp="1",
        poison=poison,
        check=FailureLimit(
            stage="lengths",
            rows=len(every),
            max_share=most,
            setting="encoder.max_refused_share",
            problem="items have no vector",
            advice="look",
        ),
    )
    with start_pool(Texts(), Lengths(folder), Machines(1, models, 0)) as actors:
        done = [row for part in run_chunks(chunks, actors, work) for row in part.to_pylist()]
    return [(row["item_id"], row["vector"], row["reason"]) for row in done]


def wanted(texts, reasons=()):
    told = dict(reasons)
    return [(f"i{n:03}", None if n in told else [float(len(t)), 1.0], told.get(n)) for n, t in enumerate(texts)]


TEXTS = [f"{'x' * (n % 7)}{n}" for n in range(30)]


@pytest.mark.parametrize("models", [1, 3])
def test_gives_every_row_once_in_order_for_any_number_of_actors(ray_local, tmp_path, models):
    assert worked(tmp_path, TEXTS, models) == wanted(TEXTS)


def test_does_not_work_a_finished_chunk_again(ray_local, tmp_path):
    first = worked(tmp_path, TEXTS)
    calls = (tmp_path / "calls").read_text()
    (tmp_path / "chunks").joinpath(sorted(p.name for p in (tmp_path / "chunks").iterdir())[0]).unlink()
    assert worked(tmp_path, TEXTS) == first
    assert len((tmp_path / "calls").read_text().splitlines()) == len(calls.splitlines()) + 1


@pytest.mark.parametrize("content", [b"", b"PAR1 and no more"])
def test_a_damaged_file_of_a_finished_chunk_is_made_anew(ray_local, tmp_path, content):
    first = worked(tmp_path, TEXTS)
    calls = (tmp_path / "calls").read_text()
    sorted((tmp_path / "chunks").iterdir())[0].write_bytes(content)
    assert worked(tmp_path, TEXTS) == first
    assert len((tmp_path / "calls").read_text().splitlines()) == len(calls.splitlines()) + 1


def test_an_actor_that_dies_in_the_middle_costs_no_row(ray_local, tmp_path):
    texts = [*TEXTS[:9], "kill once", *TEXTS[9:]]
    assert worked(tmp_path, texts, models=2) == wanted(texts)
    assert (tmp_path / "died").exists()


def test_a_row_that_kills_whoever_takes_it_costs_itself_alone(ray_local, tmp_path):
    texts = [*TEXTS[:6], "kill", *TEXTS[6:10]]
    assert worked(tmp_path, texts, models=2) == wanted(texts, {6: "its process died"}.items())


def test_stops_when_too_many_rows_are_refused(ray_local, tmp_path):
    texts = [*TEXTS[:8], "bad 1", "bad 2", "bad 3"]
    assert worked(tmp_path / "few", texts, most=0.5) == wanted(texts, {8: "bad", 9: "bad", 10: "bad"}.items())
    with pytest.raises(DataError, match=r"3 of 11 items have no vector: bad \(3\); encoder.max_refused_share is 0.2"):
        worked(tmp_path / "many", texts, most=0.2)


def asked(folder):
    """How many rows the models were given at each call so far."""
    return [int(line) for line in (folder / "calls").read_text().splitlines()]


@pytest.fixture
def storm(tmp_path):
    """A file that makes this hour a bad one."""
    (tmp_path / "bad hour").touch()
    return tmp_path / "bad hour"


def test_rows_that_failed_by_the_hour_are_asked_again_and_only_they(ray_local, tmp_path, storm):
    texts = [*TEXTS[:5], "hour 1", "row", *TEXTS[5:9], "hour 2", *TEXTS[9:12]]
    there = {5: "model failed", 6: "not a picture", 11: "model failed"}
    assert worked(tmp_path, texts) == wanted(texts, there.items())
    storm.unlink()
    before = len(asked(tmp_path))
    assert worked(tmp_path, texts) == wanted(texts, {6: "not a picture"}.items())
    assert asked(tmp_path)[before:] == [1, 1]
    assert worked(tmp_path, texts) == wanted(texts, {6: "not a picture"}.items())
    assert len(asked(tmp_path)) == before + 2


def test_after_too_many_refusals_all_that_were_refused_are_asked_again(ray_local, tmp_path, storm):
    texts = [*TEXTS[:6], "row", "hour", *TEXTS[6:8], "row", "row"]
    with pytest.raises(DataError, match="4 of 12 items have no vector"):
        worked(tmp_path, texts, most=0.3)
    with pytest.raises(DataError, match="4 of 12 items have no vector"):
        worked(tmp_path, texts, most=0.3)
    storm.unlink()
    assert worked(tmp_path, texts, most=0.3) == wanted(texts)


def test_a_row_that_is_asked_again_and_then_kills_costs_itself_alone(ray_local, tmp_path, storm):
    texts = ["a", "hour kill", "hour b", "c", "hour d", "hour", "hour kill", "e"]
    assert worked(tmp_path, texts, models=2, size=8) == wanted(texts, dict.fromkeys((1, 2, 4, 5, 6), "model failed").items())
    storm.unlink()
    died = dict.fromkeys((1, 6), "its process died").items()
    assert worked(tmp_path, texts, models=2, size=8) == wanted(texts, died)


def test_a_model_that_cannot_load_says_so_in_its_own_words(ray_local):
    failure = pytest.raises(SettingsError, match="encoder.path /nowhere: no weights")
    with start_pool(Texts(), Unloadable(), Machines(1, 1, 0)) as actors, failure:
        actors.model()
