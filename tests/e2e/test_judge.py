"""jobs/judge_relevance.py on the small sample: `overlap` agrees with the truth, no pair is judged twice, no answer is lost."""

import subprocess
import sys
from collections import Counter

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.flows.judge_relevance.settings import CacheSettings, CalibrationLabels, JudgeChoice
from pipelines.judge.select_pairs import Cascade
from pipelines.negatives.filters.score_margins import MarginSettings
from pipelines.negatives.filters.settings import Guard
from pipelines.workspace.workspace import Workspace
from tests.support.chain import copied, judge, mine_negatives
from tests.support.workspaces import ROOT

pytestmark = pytest.mark.ray


def rows(workspace, name="judgements"):
    return pa.concat_tables([pq.read_table(file) for file in Workspace(str(workspace)).files(name)])


@pytest.fixture(scope="module")
def truth(corpus):
    return CalibrationLabels(calibrate=str(corpus / "truth"))


@pytest.fixture
def again(judged, tmp_path):
    """A copy of the judged workspace."""
    copied(judged[0], tmp_path / "w")
    return tmp_path / "w"


def test_overlap_agrees_with_the_planted_relevance(judged):
    calibration = judged[1].calibration
    assert calibration.accepted.usable
    assert calibration.evaluation.kappa.value >= 0.95
    assert calibration.evaluation.auc > 0.99
    assert calibration.evaluation.labels > 1000 and calibration.evaluation.relevant > 300
    assert calibration.evaluation.error_after < 0.02
    assert calibration.evaluation.swap.flipped < 0.05


def test_every_negative_and_its_positives_are_judged_once(judged):
    judgements = rows(judged[0])
    negatives = rows(judged[0], "hard_negatives")
    pairs = Counter(zip(judgements["query_id"].to_pylist(), judgements["candidate_id"].to_pylist(), strict=True))
    expected = set(zip(negatives["query_id"].to_pylist(), negatives["candidate_id"].to_pylist(), strict=True))
    expected |= set(zip(negatives["query_id"].to_pylist(), negatives["positive_id"].to_pylist(), strict=True))
    assert expected <= set(pairs) and set(pairs.values()) == {1}
    assert all((row["score"] is None) == (row["reason"] is not None) for row in judgements.to_pylist())
    assert all((row["score"] is None) == (row["calibrated"] is None) for row in judgements.to_pylist())
    assert set(judgements["grade"].to_pylist()) >= {0, 3}


def test_the_view_and_the_page_are_published(judged):
    with duckdb.connect(str(judged[0] / "workspace.duckdb"), read_only=True) as database:
        [(count,)] = database.sql("select count(*) from judgements where calibrated >= 0.5").fetchall()
    page = (judged[0] / "judge_report.html").read_text()
    assert count > 300
    assert "Reliability" in page and page.count("<svg") == 3
    assert "calibrated now: kappa" in page and "calibrated now: kappa" in judged[2]


def test_a_second_run_judges_nothing_and_publishes_nothing(again, capsys):
    before = Workspace(str(again)).manifest("judgements")
    result, summary = judge(again)
    assert result.scores.calls == 0
    assert "0  pairs judged now" in summary and "calibrated before" in summary
    assert Workspace(str(again)).manifest("judgements") == before
    assert "judgements: unchanged, skipped" in capsys.readouterr().err


def test_a_plan_prints_the_size_of_a_run_and_does_nothing(hard, judged, tmp_path):
    copied(hard.workspace, tmp_path / "w")
    before = sorted(path for path in (tmp_path / "w").rglob("*"))
    planned, summary = judge(tmp_path / "w", plan=True)
    assert planned.calls == judged[1].scores.calls and planned.cached == 0
    assert f"{planned.calls:,}  calls to make" in summary and "No request was sent" in summary
    assert sorted(path for path in (tmp_path / "w").rglob("*")) == before
    assert judge(judged[0], plan=True)[0].calls == 0
    searched = [row["similarity"] for row in rows(tmp_path / "w", "hard_negatives").to_pylist() if row["source"] != "rule"]
    narrow, summary = judge(tmp_path / "w", plan=True, cascade=Cascade(low=sorted(searched)[len(searched) // 2], rules=False))
    assert 0 < narrow.calls < planned.calls
    assert "not judged: cascade: similarity below cascade.low" in summary


def test_workspaces_share_a_cache_and_a_changed_judge_does_not_use_it(hard, tmp_path):
    for name in ("a", "b", "c"):
        copied(hard.workspace, tmp_path / name)
    shared = CacheSettings(folder=str(tmp_path / "cache"))
    first = judge(tmp_path / "a", cache=shared)[0].scores
    second = judge(tmp_path / "b", cache=shared)[0].scores
    other = judge(tmp_path / "c", cache=shared, judge=JudgeChoice(set=("overlap.letters_per_picture=50",)))[0].scores
    assert (second.calls, second.cached) == (0, first.calls)
    assert other.calls == first.calls
    assert rows(tmp_path / "a").equals(rows(tmp_path / "b"))


def test_a_judge_without_labels_is_not_calibrated_in_any_row(hard, judged, tmp_path):
    copied(hard.workspace, tmp_path / "w")
    result, summary = judge(tmp_path / "w", cache=CacheSettings(folder=str(judged[0] / "judge_cache")))
    judgements = rows(tmp_path / "w")
    assert result.calibration.accepted is None and "not calibrated" in summary
    assert judgements["calibrated"].null_count == len(judgements)
    assert label_sources(tmp_path / "w") == {"similarity"}


def test_human_labels_calibrate_too_and_their_pairs_are_judged(judged, again):
    judgements = rows(judged[0]).to_pylist()
    labels = [(r["query_id"], r["candidate_id"], r["calibrated"] >= 0.5) for r in judgements if r["calibrated"] is not None]
    unlabelled = next((q, c, False) for q, *_ in labels for _, c, _ in labels if (q, c) not in {(a, b) for a, b, _ in labels})
    table = pa.table(dict(zip(("query_id", "candidate_id", "relevant"), zip(*labels, unlabelled, strict=True), strict=True)))
    pq.write_table(table, again / "labels.parquet")
    result, _ = judge(again, labels=CalibrationLabels(calibrate=str(again / "labels.parquet"), controls=0))
    assert result.scores.calls == 1
    assert result.calibration.evaluation.labels == len(labels) + 1
    assert result.calibration.evaluation.kappa.value > 0.95


def test_a_calibration_of_another_judge_is_not_used(again):
    result, summary = judge(again, judge=JudgeChoice(set=("overlap.same_note=0.2",)))
    assert result.calibration.accepted is None
    assert "belongs to another judge or question" in summary
    judgements = rows(again)
    ours = [row["calibrated"] for row in judgements.to_pylist() if row["judge"] == result.model]
    assert ours and set(ours) == {None}
    assert len(set(judgements["judge"].to_pylist())) == 2  # the other judge's rows stay


def label_sources(workspace, **sections):
    """The sources of the soft labels after mining again."""
    mine_negatives(workspace, **sections)
    return set(rows(workspace, "hard_negatives")["label_from"].to_pylist()) - {None}


def test_mining_and_judging_alternate_until_nothing_changes(again):
    """The guard drops relevant negatives, the next ones are judged, until all written negatives are judged and pass."""
    calls = []
    for _ in range(12):
        assert "judge" in label_sources(again)
        result, summary = judge(again)
        calls.append(result.scores.calls)
        if "no negative changes any more" in summary:
            break
    else:
        pytest.fail(f"{calls} pairs judged and still not settled")
    assert label_sources(again) == {"judge"} or rows(again)["reason"].null_count < len(rows(again))
    calibrated = {(r["query_id"], r["candidate_id"]): r["calibrated"] for r in rows(again).to_pylist()}
    written = rows(again, "hard_negatives").to_pylist()
    assert all((r["query_id"], r["candidate_id"]) in calibrated for r in written)
    assert [r for r in written if (calibrated[r["query_id"], r["candidate_id"]] or 0) >= 0.5] == []
    assert judge(again)[0].scores.calls == 0


def test_the_margin_of_a_judge_is_compared_with_the_judged_positives(again):
    strict = Guard(margin=MarginSettings(preset="unime2-judge", absolute=0.01))
    assert "judge" in label_sources(again, guard=strict)
    calibrated = {(r["query_id"], r["candidate_id"]): r["calibrated"] for r in rows(again).to_pylist()}
    least = {}
    for row in rows(again, "positives").to_pylist():
        pair = row["query"]["item_id"], row["target"]["item_id"]
        if calibrated.get(pair) is not None and row["granularity"] != "co_click":
            least[pair[0]] = min(least.get(pair[0], 1.0), calibrated[pair])
    judged_pairs = [
        (calibrated[q, c], least[q])
        for q, c in {
            (r["query_id"], r["candidate_id"]) for r in rows(again, "hard_negatives").to_pylist() if r["source"] == "judge"
        }
        if q in least
    ]
    assert len(judged_pairs) > 50
    assert all(score <= positive - 0.01 + 1e-9 for score, positive in judged_pairs)


def test_a_workspace_without_negatives_is_one_line(tmp_path):
    command = [sys.executable, str(ROOT / "jobs/judge_relevance.py"), "--workspace", str(tmp_path / "w")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("error: ")
    assert "no dataset 'hard_negatives' has been published" in done.stderr


def test_the_job_does_not_import_spark():
    code = "import runpy, sys; runpy.run_path('jobs/judge_relevance.py'); sys.exit('pyspark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=200, check=False).returncode == 0
