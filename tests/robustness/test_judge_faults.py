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

from pipelines.flows.judge_relevance.settings import Budget, CalibrationLabels, JudgeChoice, PairChunks
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


def server_options(server, **changed):
    options = {"url": server.url, "concurrency": 4, "backoff_s": 0.01, "retries": 2, "timeout_s": 1.0} | changed
    sets = [f"server.{key}={value!r}".replace("'", '"') for key, value in options.items()]
    return ('backend="openai"', f'model="{server.name}"', "longest_side=64", *sets)


def few(workspace, count):
    """A cascade that leaves so many negatives, the nearest."""
    negatives = rows(workspace, "hard_negatives").to_pylist()
    nearest = {}
    for r in negatives:
        if r["source"] != "rule":
            nearest[r["query_id"], r["candidate_id"]] = r["similarity"]
    return Cascade(positives=False, rules=False, low=float(np.sort(list(nearest.values()))[-count]))


def test_faults_of_a_server_lose_and_duplicate_nothing(hard, server, tmp_path):
    from tests.support.judge_server import HALF, WRONG_SHAPES, passing_faults

    copied(hard.workspace, tmp_path / "w")
    server.forget()
    shapes = [*WRONG_SHAPES, HALF, 400]

    def faults(digest, attempt):
        """Some requests fail for good, in the first run only; others for a while."""
        chance = int(digest[-8:], 16)
        return shapes[chance // 5 % len(shapes)] if chance % 5 == 0 else passing_faults(digest, attempt)

    server.faults = faults
    options = {
        "judge": JudgeChoice(name="content", set=server_options(server, retries=1)),
        "cascade": few(hard.workspace, 80),
        "chunks": PairChunks(pairs=16, max_refused_share=1.0),
    }
    first, _ = judge(tmp_path / "w", models=2, **options)
    reasons = Counter(first.scores.answers["reason"].to_pylist())
    assert first.scores.calls == len(first.pairs) >= 80
    assert len(reasons) >= 3  # scores, and several reasons of a failing server
    before = dict(server.answered)
    server.faults = passing_faults
    second, summary = judge(tmp_path / "w", models=2, **options)
    passing = sum(count for reason, count in reasons.items() if reason in PASSING)
    assert second.scores.calls == passing
    assert len(rows(tmp_path / "w")) == len(second.pairs) == len(first.pairs)
    assert set(second.scores.answers["reason"].to_pylist()) <= set(reasons) - set(PASSING) | {None}
    scored = {
        k
        for k, r in zip(keys(first.scores.answers).to_pylist(), first.scores.answers["reason"].to_pylist(), strict=True)
        if not r
    }
    assert scored <= {
        k
        for k, r in zip(keys(second.scores.answers).to_pylist(), second.scores.answers["reason"].to_pylist(), strict=True)
        if not r
    }
    assert "requests sent, including retries" in summary
    third, _ = judge(tmp_path / "w", models=2, **options)
    assert third.scores.calls == 0
    assert len(before) > 40


def test_a_server_that_refuses_every_pair_ends_the_job_and_no_refusal_is_cached(hard, server, tmp_path):
    """The job said "Judged", exited with 0, and its cache kept "no answer" for every pair."""
    copied(hard.workspace, tmp_path / "w")
    server.forget()
    options = {
        "judge": JudgeChoice(name="content", set=server_options(server)),
        "cascade": few(hard.workspace, 40),
        "chunks": PairChunks(pairs=8),
    }
    for status, reason in ((422, "server refused"), (503, "server unavailable"), ("no logprobs", "not understood")):
        server.faults = lambda digest, attempt, status=status: status
        with pytest.raises(DataError, match=rf"none of the first 8 pairs.*{reason} \(8\), such as: "):
            judge(tmp_path / "w", budget=Budget(max_pairs=20), **options)
    server.forget()
    result, _ = judge(tmp_path / "w", **options)
    assert result.scores.calls == len(result.pairs) and result.scores.answers["reason"].null_count == len(result.pairs)


def test_a_budget_stops_cleanly_and_the_next_run_continues(hard, server, tmp_path):
    copied(hard.workspace, tmp_path / "w")
    server.forget()
    options = {
        "judge": JudgeChoice(name="content", set=server_options(server)),
        "cascade": few(hard.workspace, 40),
        "chunks": PairChunks(pairs=8),
    }
    first, summary = judge(tmp_path / "w", budget=Budget(max_pairs=15), **options)
    assert sum(server.answered.values()) == first.scores.calls == 15
    assert "not asked: the budget is spent" in summary
    nearest = np.array(first.pairs["similarity"].to_pylist())
    paid = np.array([reason is None for reason in first.scores.answers["reason"].to_pylist()])
    assert nearest[paid].min() >= nearest[~paid].max()
    limited = options | {"judge": JudgeChoice(name="content", set=server_options(server, max_requests=10))}
    result, _ = judge(tmp_path / "w", models=3, **limited)
    assert sum(server.answered.values()) == 23  # two requests are of the probe; whichever actor asks, it is one budget
    assert result.spending.requests == 10
    last, _ = judge(tmp_path / "w", **options)
    assert last.scores.answers["reason"].null_count == len(last.pairs)
    assert sum(server.answered.values()) == len(last.pairs)
    assert set(server.answered.values()) == {1}


def test_the_controls_run_for_a_model_that_reads_pictures(hard, judged, server, tmp_path):
    """The blank-image control changes the scores of a model that reads pictures; random labels reject it nevertheless."""
    copied(hard.workspace, tmp_path / "w")
    cascade = few(hard.workspace, 80)
    calibrated = {(r["query_id"], r["candidate_id"]): r["calibrated"] for r in rows(judged[0]).to_pylist()}
    pairs = judge(tmp_path / "w", plan=True, cascade=cascade)[0].pairs.to_pylist()
    chance = [
        (r["query_id"], r["candidate_id"], hash_of(r["candidate_id"]))
        for r in pairs
        if (r["query_id"], r["candidate_id"]) in calibrated
    ]
    table = pa.table(dict(zip(("query_id", "candidate_id", "relevant"), zip(*chance, strict=True), strict=True)))
    pq.write_table(table, tmp_path / "labels.parquet")
    labels = CalibrationLabels(calibrate=str(tmp_path / "labels.parquet"), controls=20)
    result, summary = judge(
        tmp_path / "w", cascade=cascade, labels=labels, judge=JudgeChoice(name="content", set=server_options(server))
    )
    assert result.calibration.evaluation.blank.pairs > 5 and result.calibration.evaluation.blank.changed > 0.8
    assert result.calibration.evaluation.swap.pairs > 5
    assert result.calibration.accepted is None and "REJECTED: kappa" in summary
    assert rows(tmp_path / "w")["calibrated"].null_count == len(rows(tmp_path / "w"))
    assert (
        "rejected when it was fitted"
        in judge(tmp_path / "w", cascade=cascade, judge=JudgeChoice(name="content", set=server_options(server)))[1]
    )


def test_a_model_in_an_actor_and_behind_a_server_have_the_same_scores(hard, server, tmp_path):
    copied(hard.workspace, tmp_path / "w")
    server.forget()
    cascade = few(hard.workspace, 30)
    served, _ = judge(tmp_path / "w", cascade=cascade, judge=JudgeChoice(name="content", set=server_options(server)))
    here = JudgeChoice(name="content", path=server.folder, set=("longest_side=64", "batch_pairs=5"))
    loaded, _ = judge(tmp_path / "w", cascade=cascade, judge=here, chunks=PairChunks(pairs=7), models=2)
    scores = [np.array(result.scores.answers["score"].to_pylist(), float) for result in (served, loaded)]
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
    sets += ["cascade.positives=false", "cascade.rules=false", f"judge.set={list(server_options(server, timeout_s=60.0))!r}"]
    arguments = [part for one in sets for part in ("--set", one)]
    return [sys.executable, str(ROOT / "jobs/judge_relevance.py"), "--workspace", str(workspace), *arguments]


def open_chunks(workspace):
    return sorted(Path(workspace).glob("judge_cache/*/open/*/*.parquet"))


def test_after_a_kill_no_finished_call_is_repeated(hard, server, tmp_path):
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
    assert f"{committed:>11,}  from the cache" in again.stdout
    assert rows(workspace).equals(rows(tmp_path / "whole"))
    assert open_chunks(workspace) == []


def quiet(server):
    """Wait until the killed job's actors have gone too: Ray ends them when it misses their driver."""
    last, since = -1, time.monotonic()
    while time.monotonic() - since < 3:
        current = sum(server.attempts.values())
        if current != last or server.now:
            last, since = current, time.monotonic()
        time.sleep(0.1)
