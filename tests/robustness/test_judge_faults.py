"""jobs/judge_relevance.py with a model behind a server: faults, budgets, controls, a kill."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.flows.judge_relevance.settings import Chunking, JudgeChoice, Labelled, Money
from pipelines.items.failure_reasons import PASSING
from pipelines.judge.score_cache import keys
from pipelines.judge.select_pairs import Cascade
from pipelines.workspace.workspace import Workspace
from schemas.errors import DataError
from tests.support.chain import copied, judge
from tests.support.workspaces import ROOT

pytestmark = [pytest.mark.ray, pytest.mark.nightly]


def rows(workspace, name="judgements"):
    return pa.concat_tables([pq.read_table(file) for file in Workspace(str(workspace)).files(name)])


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from tests.support.judge_server import serving
    from tests.support.tiny_judge import save_tiny_judge

    folder = save_tiny_judge(tmp_path_factory.mktemp("model") / "tiny")
    with serving(folder, silent_s=2.0) as serving_now:
        serving_now.folder = str(folder)
        yield serving_now


def asking(server, **changed):
    given = {"url": server.url, "concurrency": 4, "backoff_s": 0.01, "retries": 2, "timeout_s": 1.0} | changed
    sets = [f"server.{key}={value!r}".replace("'", '"') for key, value in given.items()]
    return ('backend="openai"', f'model="{server.name}"', "longest_side=64", *sets)


def few(workspace, count):
    """A cascade that leaves so many negatives, the nearest."""
    found = rows(workspace, "hard_negatives").to_pylist()
    nearest = {}
    for r in found:
        if r["source"] != "rule":
            nearest[r["query_id"], r["candidate_id"]] = r["similarity"]
    return Cascade(positives=False, rules=False, low=float(np.sort(list(nearest.values()))[-count]))


def test_faults_of_a_server_lose_nothing_and_double_nothing(hard, server, tmp_path):
    from tests.support.judge_server import HALF, WRONG_SHAPES, passing_faults

    copied(hard.workspace, tmp_path / "w")
    server.forget()
    shapes = [*WRONG_SHAPES, HALF, 400]

    def faults(digest, attempt):
        """Some requests fail for good, in the first run only; others for a while."""
        chance = int(digest[-8:], 16)
        return shapes[chance // 5 % len(shapes)] if chance % 5 == 0 else passing_faults(digest, attempt)

    server.faults = faults
    given = {
        "judge": JudgeChoice(name="content", set=asking(server, retries=1)),
        "cascade": few(hard.workspace, 80),
        "chunks": Chunking(pairs=16, max_refused_share=1.0),
    }
    first, _ = judge(tmp_path / "w", models=2, **given)
    reasons = Counter(first.answers.said["reason"].to_pylist())
    assert first.answers.asked == len(first.pairs) >= 80
    assert len(reasons) >= 3  # scores, and what is said of a server that fails in several ways
    before = dict(server.answered)
    server.faults = passing_faults
    second, told = judge(tmp_path / "w", models=2, **given)
    passing = sum(count for reason, count in reasons.items() if reason in PASSING)
    assert second.answers.asked == passing
    assert len(rows(tmp_path / "w")) == len(second.pairs) == len(first.pairs)
    assert set(second.answers.said["reason"].to_pylist()) <= set(reasons) - set(PASSING) | {None}
    scored = {
        k for k, r in zip(keys(first.answers.said).to_pylist(), first.answers.said["reason"].to_pylist(), strict=True) if not r
    }
    assert scored <= {
        k
        for k, r in zip(keys(second.answers.said).to_pylist(), second.answers.said["reason"].to_pylist(), strict=True)
        if not r
    }
    assert "requests sent, retries too" in told
    third, _ = judge(tmp_path / "w", models=2, **given)
    assert third.answers.asked == 0
    assert len(before) > 40


def test_a_server_that_refuses_every_pair_ends_the_job_and_nothing_of_it_lasts(hard, server, tmp_path):
    """The job said "Judged", exited with 0, and its cache said for good that no pair has an answer."""
    copied(hard.workspace, tmp_path / "w")
    server.forget()
    given = {
        "judge": JudgeChoice(name="content", set=asking(server)),
        "cascade": few(hard.workspace, 40),
        "chunks": Chunking(pairs=8),
    }
    for status, reason in ((422, "server refused"), (503, "server unavailable"), ("no logprobs", "not understood")):
        server.faults = lambda digest, attempt, status=status: status
        with pytest.raises(DataError, match=rf"none of the first 8 pairs.*{reason} \(8\), such as: "):
            judge(tmp_path / "w", budget=Money(max_pairs=20), **given)
    server.forget()
    done, _ = judge(tmp_path / "w", **given)
    assert done.answers.asked == len(done.pairs) and done.answers.said["reason"].null_count == len(done.pairs)


def test_a_budget_stops_cleanly_and_the_next_run_goes_on(hard, server, tmp_path):
    copied(hard.workspace, tmp_path / "w")
    server.forget()
    given = {
        "judge": JudgeChoice(name="content", set=asking(server)),
        "cascade": few(hard.workspace, 40),
        "chunks": Chunking(pairs=8),
    }
    first, told = judge(tmp_path / "w", budget=Money(max_pairs=15), **given)
    assert sum(server.answered.values()) == first.answers.asked == 15
    assert "not asked: the budget is spent" in told
    nearest = np.array(first.pairs["similarity"].to_pylist())
    paid = np.array([reason is None for reason in first.answers.said["reason"].to_pylist()])
    assert nearest[paid].min() >= nearest[~paid].max()
    limited = given | {"judge": JudgeChoice(name="content", set=asking(server, max_requests=10))}
    done, _ = judge(tmp_path / "w", models=3, **limited)
    assert sum(server.answered.values()) == 23  # two requests are of the probe; whichever actor asks, it is one budget
    assert done.bill.requests == 10
    last, _ = judge(tmp_path / "w", **given)
    assert last.answers.said["reason"].null_count == len(last.pairs)
    assert sum(server.answered.values()) == len(last.pairs)
    assert set(server.answered.values()) == {1}


def test_the_controls_look_at_a_model_that_looks(hard, judged, server, tmp_path):
    """The blank-image control moves the scores of a model that sees; labels that it does not know refuse it all the same."""
    copied(hard.workspace, tmp_path / "w")
    cascade = few(hard.workspace, 80)
    said = {(r["query_id"], r["candidate_id"]): r["calibrated"] for r in rows(judged[0]).to_pylist()}
    pairs = judge(tmp_path / "w", plan=True, cascade=cascade)[0].pairs.to_pylist()
    chance = [
        (r["query_id"], r["candidate_id"], hash_of(r["candidate_id"]))
        for r in pairs
        if (r["query_id"], r["candidate_id"]) in said
    ]
    table = pa.table(dict(zip(("query_id", "candidate_id", "relevant"), zip(*chance, strict=True), strict=True)))
    pq.write_table(table, tmp_path / "labels.parquet")
    labels = Labelled(calibrate=str(tmp_path / "labels.parquet"), controls=20)
    done, told = judge(tmp_path / "w", cascade=cascade, labels=labels, judge=JudgeChoice(name="content", set=asking(server)))
    assert done.found.measured.blank.pairs > 5 and done.found.measured.blank.moved > 0.8
    assert done.found.measured.swap.pairs > 5
    assert done.found.calibration is None and "REFUSED: kappa" in told
    assert rows(tmp_path / "w")["calibrated"].null_count == len(rows(tmp_path / "w"))
    assert (
        "refused when it was fitted"
        in judge(tmp_path / "w", cascade=cascade, judge=JudgeChoice(name="content", set=asking(server)))[1]
    )


def test_the_model_in_an_actor_says_what_its_server_says(hard, server, tmp_path):
    copied(hard.workspace, tmp_path / "w")
    server.forget()
    cascade = few(hard.workspace, 30)
    served, _ = judge(tmp_path / "w", cascade=cascade, judge=JudgeChoice(name="content", set=asking(server)))
    here = JudgeChoice(name="content", path=server.folder, set=("longest_side=64", "batch_pairs=5"))
    loaded, _ = judge(tmp_path / "w", cascade=cascade, judge=here, chunks=Chunking(pairs=7), models=2)
    scores = [np.array(done.answers.said["score"].to_pylist(), float) for done in (served, loaded)]
    assert len(scores[0]) >= 30 and np.isfinite(scores[0]).all()
    assert np.abs(scores[0] - scores[1]).max() < 1e-4
    assert np.ptp(scores[0]) > 0.01
    assert len(rows(tmp_path / "w")) == 2 * len(scores[0])


def hash_of(name):
    return int(name[:4], 16) % 2 == 0


def command(workspace, server, cascade):
    sets = [
        "ray.address=local",
        "ray.models=2",
        "ray.readers=1",
        "chunks.pairs=4",
        "judge.name=content",
        f"cascade.low={cascade.low!r}",
    ]
    sets += ["cascade.positives=false", "cascade.rules=false", f"judge.set={list(asking(server, timeout_s=60.0))!r}"]
    arguments = [part for one in sets for part in ("--set", one)]
    return [sys.executable, str(ROOT / "jobs/judge_relevance.py"), "--workspace", str(workspace), *arguments]


def open_chunks(workspace):
    return sorted(Path(workspace).glob("judge_cache/*/open/*/*.parquet"))


def test_after_a_kill_in_the_middle_no_committed_call_is_made_again(hard, server, tmp_path):
    cascade = few(hard.workspace, 100)
    for name in ("killed", "whole"):
        copied(hard.workspace, tmp_path / name)
    server.forget()
    done = subprocess.run(
        command(tmp_path / "whole", server, cascade), capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    pairs = sum(server.answered.values())
    assert pairs == len(rows(tmp_path / "whole")) >= 100

    server.forget()
    workspace = tmp_path / "killed"
    job = subprocess.Popen(
        command(workspace, server, cascade), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    while job.poll() is None and len(open_chunks(workspace)) < 3:
        time.sleep(0.02)
    os.kill(job.pid, signal.SIGKILL)
    job.wait()
    quiet(server)
    committed = sum(pq.read_metadata(file).num_rows for file in open_chunks(workspace))
    before = sum(server.answered.values())
    assert Workspace(str(workspace)).manifest("judgements") is None
    assert 12 <= committed < pairs

    again = subprocess.run(command(workspace, server, cascade), capture_output=True, text=True, timeout=400, check=False)
    assert again.returncode == 0, again.stderr[-3000:]
    assert sum(server.answered.values()) - before == pairs - committed
    assert f"{committed:>11,}  saved by the cache" in again.stdout
    assert rows(workspace).equals(rows(tmp_path / "whole"))
    assert open_chunks(workspace) == []


def quiet(server):
    """Wait until the killed job's actors have gone too: Ray ends them when it misses their driver."""
    last, since = -1, time.monotonic()
    while time.monotonic() - since < 3:
        now = sum(server.attempts.values())
        if now != last or server.now:
            last, since = now, time.monotonic()
        time.sleep(0.1)
