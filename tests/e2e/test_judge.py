"""jobs/judge_relevance.py on the small sample: `overlap` agrees with the truth, nothing is asked twice, nothing is lost."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.flows.judge_relevance.settings import Chunking, JudgeChoice, JudgeRelevance, Kept, Labelled, Money
from pipelines.items.failure_reasons import PASSING
from pipelines.judge.score_cache import keys
from pipelines.judge.select_pairs import Cascade
from pipelines.negatives.filters.false_negative_filter import Guard
from pipelines.negatives.filters.score_margins import MarginSettings
from pipelines.workspace.workspace import Workspace
from schemas.errors import DataError
from tests.e2e.test_hard_negatives import run_here as mine
from tests.support.workspaces import ROOT

pytestmark = pytest.mark.ray
WIDE = Guard(margin=MarginSettings(preset="free"))
"""The small encoder's similarities are no others': without a band there are negatives enough for every task."""


def rows(workspace, name="judgements"):
    return pa.concat_tables([pq.read_table(file) for file in Workspace(str(workspace)).files(name)])


def judge(workspace, models=1, **sections):
    """The job on the Ray of the test run: what it returns, and its last words."""
    from pipelines.engines.ray.cluster import Cluster, ray_session
    from pipelines.flows.judge_relevance.flow import Planned, judge_relevance
    from pipelines.flows.judge_relevance.summary import plan, summary
    from pipelines.workspace.arrow_stages import ArrowStages

    settings = JudgeRelevance(workspace=str(workspace), ray=Cluster(models=models, readers=1), **sections)
    stages = ArrowStages(Workspace(str(workspace)))
    with ray_session(settings.ray) as machines:
        done = judge_relevance(stages, settings, machines)
    return done, plan(done, settings) if isinstance(done, Planned) else summary(stages, done)


@pytest.fixture(scope="module")
def hard(ray_local, mined, tmp_path_factory):
    """A workspace with hard negatives."""
    workspace = tmp_path_factory.mktemp("judge") / "w"
    shutil.copytree(mined[0], workspace)
    mine(workspace, guard=WIDE)
    return workspace


@pytest.fixture(scope="module")
def truth(corpus):
    return Labelled(calibrate=str(corpus / "truth"))


@pytest.fixture(scope="module")
def judged(hard, truth, tmp_path_factory):
    """The workspace judged by `overlap` and calibrated on the truth; what the job returned and said."""
    workspace = tmp_path_factory.mktemp("judged") / "w"
    shutil.copytree(hard, workspace)
    return workspace, *judge(workspace, labels=truth)


@pytest.fixture
def again(judged, tmp_path):
    """A copy of the judged workspace."""
    shutil.copytree(judged[0], tmp_path / "w")
    return tmp_path / "w"


def test_overlap_agrees_with_the_planted_relevance(judged):
    found = judged[1].found
    assert found.calibration.usable
    assert found.measured.kappa.value >= 0.95
    assert found.measured.auc > 0.99
    assert found.measured.labels > 1000 and found.measured.relevant > 300
    assert found.measured.error_after < 0.02
    assert found.measured.swap.flipped < 0.05


def test_every_negative_and_its_positives_are_judged_once(judged):
    said = rows(judged[0])
    asked = rows(judged[0], "hard_negatives")
    pairs = Counter(zip(said["query_id"].to_pylist(), said["candidate_id"].to_pylist(), strict=True))
    wanted = set(zip(asked["query_id"].to_pylist(), asked["candidate_id"].to_pylist(), strict=True))
    wanted |= set(zip(asked["query_id"].to_pylist(), asked["positive_id"].to_pylist(), strict=True))
    assert wanted <= set(pairs) and set(pairs.values()) == {1}
    assert all((row["score"] is None) == (row["reason"] is not None) for row in said.to_pylist())
    assert all((row["score"] is None) == (row["calibrated"] is None) for row in said.to_pylist())
    assert set(said["grade"].to_pylist()) >= {0, 3}


def test_the_view_and_the_page_are_there(judged):
    with duckdb.connect(str(judged[0] / "workspace.duckdb"), read_only=True) as database:
        [(count,)] = database.sql("select count(*) from judgements where calibrated >= 0.5").fetchall()
    page = (judged[0] / "judge_report.html").read_text()
    assert count > 300
    assert "Reliability" in page and page.count("<svg") == 3
    assert "calibrated now: kappa" in page and "calibrated now: kappa" in judged[2]


def test_a_second_run_asks_nothing_and_publishes_nothing(again, capsys):
    before = Workspace(str(again)).manifest("judgements")
    done, told = judge(again)
    assert done.answers.asked == 0
    assert "0  pairs asked now" in told and "calibrated before" in told
    assert Workspace(str(again)).manifest("judgements") == before
    assert "judgements: unchanged, skipped" in capsys.readouterr().err


def test_a_plan_says_what_it_would_be_and_does_nothing(hard, judged, tmp_path):
    shutil.copytree(hard, tmp_path / "w")
    before = sorted(path for path in (tmp_path / "w").rglob("*"))
    planned, told = judge(tmp_path / "w", plan=True)
    assert planned.calls == judged[1].answers.asked and planned.known == 0
    assert f"{planned.calls:,}  calls to make" in told and "Nothing was asked" in told
    assert sorted(path for path in (tmp_path / "w").rglob("*")) == before
    assert judge(judged[0], plan=True)[0].calls == 0
    narrow, told = judge(tmp_path / "w", plan=True, cascade=Cascade(low=0.5, rules=False))
    assert 0 < narrow.calls < planned.calls
    assert "saved: cascade: below the band" in told


def test_workspaces_share_a_cache_and_a_changed_question_is_none_of_it(hard, tmp_path):
    for name in ("a", "b", "c"):
        shutil.copytree(hard, tmp_path / name)
    shared = Kept(folder=str(tmp_path / "cache"))
    first = judge(tmp_path / "a", cache=shared)[0].answers
    second = judge(tmp_path / "b", cache=shared)[0].answers
    other = judge(tmp_path / "c", cache=shared, judge=JudgeChoice(set=("overlap.letters_per_picture=50",)))[0].answers
    assert (second.asked, second.known) == (0, first.asked)
    assert other.asked == first.asked
    assert rows(tmp_path / "a").equals(rows(tmp_path / "b"))


def test_a_judge_without_labels_is_not_calibrated_in_any_row(hard, judged, tmp_path):
    shutil.copytree(hard, tmp_path / "w")
    done, told = judge(tmp_path / "w", cache=Kept(folder=str(judged[0] / "judge_cache")))
    said = rows(tmp_path / "w")
    assert done.found.calibration is None and "not calibrated" in told
    assert said["calibrated"].null_count == len(said)
    assert mine_takes(tmp_path / "w") == {"similarity"}


def test_labels_of_people_calibrate_too_and_their_pairs_are_judged(judged, again):
    said = rows(judged[0]).to_pylist()
    labels = [(r["query_id"], r["candidate_id"], r["calibrated"] >= 0.5) for r in said if r["calibrated"] is not None]
    unknown = next((q, c, False) for q, *_ in labels for _, c, _ in labels if (q, c) not in {(a, b) for a, b, _ in labels})
    table = pa.table(dict(zip(("query_id", "candidate_id", "relevant"), zip(*labels, unknown, strict=True), strict=True)))
    pq.write_table(table, again / "labels.parquet")
    done, _ = judge(again, labels=Labelled(calibrate=str(again / "labels.parquet"), controls=0))
    assert done.answers.asked == 1
    assert done.found.measured.labels == len(labels) + 1
    assert done.found.measured.kappa.value > 0.95


def test_a_calibration_of_another_judge_is_not_used(again):
    done, told = judge(again, judge=JudgeChoice(set=("overlap.same_note=0.2",)))
    assert done.found.calibration is None
    assert "is of another judge or question" in told
    said = rows(again)
    ours = [row["calibrated"] for row in said.to_pylist() if row["judge"] == done.model]
    assert ours and set(ours) == {None}
    assert len(set(said["judge"].to_pylist())) == 2  # the other judge's rows stay


def mine_takes(workspace, **sections):
    """Where the soft labels of the negatives mined again come from."""
    mine(workspace, **({"guard": WIDE} | sections))
    return set(rows(workspace, "hard_negatives")["label_from"].to_pylist()) - {None}


def test_mining_and_judging_take_turns_until_nothing_is_new(again):
    """The guard drops what is called relevant, others move up and are judged, until all that is written is judged and passes."""
    asked = []
    for _ in range(12):
        assert "judge" in mine_takes(again)
        done, told = judge(again)
        asked.append(done.answers.asked)
        if "the negatives are settled" in told:
            break
    else:
        pytest.fail(f"asked {asked} and still not settled")
    assert mine_takes(again) == {"judge"} or rows(again)["reason"].null_count < len(rows(again))
    said = {(r["query_id"], r["candidate_id"]): r["calibrated"] for r in rows(again).to_pylist()}
    written = rows(again, "hard_negatives").to_pylist()
    assert all((r["query_id"], r["candidate_id"]) in said for r in written)
    assert [r for r in written if (said[r["query_id"], r["candidate_id"]] or 0) >= 0.5] == []
    assert judge(again)[0].answers.asked == 0


def test_the_margin_of_a_judge_is_held_against_the_judged_positives(again):
    strict = Guard(margin=MarginSettings(preset="unime2-judge", absolute=0.01))
    assert "judge" in mine_takes(again, guard=strict)
    said = {(r["query_id"], r["candidate_id"]): r["calibrated"] for r in rows(again).to_pylist()}
    least = {}
    for row in rows(again, "positives").to_pylist():
        pair = row["query"]["item_id"], row["target"]["item_id"]
        if said.get(pair) is not None and row["granularity"] != "co_click":
            least[pair[0]] = min(least.get(pair[0], 1.0), said[pair])
    held = [
        (said[q, c], least[q])
        for q, c in {
            (r["query_id"], r["candidate_id"]) for r in rows(again, "hard_negatives").to_pylist() if r["source"] == "judge"
        }
        if q in least
    ]
    assert len(held) > 50
    assert all(score <= positive - 0.01 + 1e-9 for score, positive in held)


# A model behind a server.


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


@pytest.mark.slow
def test_faults_of_a_server_lose_nothing_and_double_nothing(hard, server, tmp_path):
    from tests.support.judge_server import HALF, WRONG_SHAPES, passing_faults

    shutil.copytree(hard, tmp_path / "w")
    server.forget()
    shapes = [*WRONG_SHAPES, HALF, 400]

    def faults(digest, attempt):
        """Some requests fail for good, in the first run only; others for a while."""
        chance = int(digest[-8:], 16)
        return shapes[chance // 5 % len(shapes)] if chance % 5 == 0 else passing_faults(digest, attempt)

    server.faults = faults
    given = {
        "judge": JudgeChoice(name="content", set=asking(server, retries=1)),
        "cascade": few(hard, 80),
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


@pytest.mark.slow
def test_a_server_that_refuses_every_pair_ends_the_job_and_nothing_of_it_lasts(hard, server, tmp_path):
    """The job said "Judged", exited with 0, and its cache said for good that no pair has an answer."""
    shutil.copytree(hard, tmp_path / "w")
    server.forget()
    given = {"judge": JudgeChoice(name="content", set=asking(server)), "cascade": few(hard, 40), "chunks": Chunking(pairs=8)}
    for status, reason in ((422, "server refused"), (503, "server unavailable"), ("no logprobs", "not understood")):
        server.faults = lambda digest, attempt, status=status: status
        with pytest.raises(DataError, match=rf"none of the first 8 pairs.*{reason} \(8\), such as: "):
            judge(tmp_path / "w", budget=Money(max_pairs=20), **given)
    server.forget()
    done, _ = judge(tmp_path / "w", **given)
    assert done.answers.asked == len(done.pairs) and done.answers.said["reason"].null_count == len(done.pairs)


@pytest.mark.slow
def test_a_budget_stops_cleanly_and_the_next_run_goes_on(hard, server, tmp_path):
    shutil.copytree(hard, tmp_path / "w")
    server.forget()
    given = {"judge": JudgeChoice(name="content", set=asking(server)), "cascade": few(hard, 40), "chunks": Chunking(pairs=8)}
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


@pytest.mark.slow
def test_the_controls_look_at_a_model_that_looks(hard, judged, server, tmp_path):
    """The blank-image control moves the scores of a model that sees; labels that it does not know refuse it all the same."""
    shutil.copytree(hard, tmp_path / "w")
    cascade = few(hard, 80)
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


@pytest.mark.slow
def test_the_model_in_an_actor_says_what_its_server_says(hard, server, tmp_path):
    shutil.copytree(hard, tmp_path / "w")
    server.forget()
    cascade = few(hard, 30)
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


@pytest.mark.slow
def test_after_a_kill_in_the_middle_no_committed_call_is_made_again(hard, server, tmp_path):
    cascade = few(hard, 100)
    for name in ("killed", "whole"):
        shutil.copytree(hard, tmp_path / name)
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


def test_a_workspace_without_negatives_is_one_line(tmp_path):
    given = [sys.executable, str(ROOT / "jobs/judge_relevance.py"), "--workspace", str(tmp_path / "w")]
    done = subprocess.run(given, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("error: ")
    assert "no dataset 'hard_negatives' has been published" in done.stderr


def test_the_job_does_not_import_spark():
    code = "import runpy, sys; runpy.run_path('jobs/judge_relevance.py'); sys.exit('pyspark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=200, check=False).returncode == 0
