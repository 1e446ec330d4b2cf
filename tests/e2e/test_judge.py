"""jobs/judge_relevance.py on the small sample: `overlap` agrees with the truth, nothing is asked twice, nothing is lost."""

import subprocess
import sys
from collections import Counter

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.flows.judge_relevance.settings import JudgeChoice, Kept, Labelled
from pipelines.judge.select_pairs import Cascade
from pipelines.negatives.filters.false_negative_filter import Guard
from pipelines.negatives.filters.score_margins import MarginSettings
from pipelines.workspace.workspace import Workspace
from tests.support.chain import copied, judge, mine_negatives
from tests.support.workspaces import ROOT

pytestmark = pytest.mark.ray


def rows(workspace, name="judgements"):
    return pa.concat_tables([pq.read_table(file) for file in Workspace(str(workspace)).files(name)])


@pytest.fixture(scope="module")
def truth(corpus):
    return Labelled(calibrate=str(corpus / "truth"))


@pytest.fixture
def again(judged, tmp_path):
    """A copy of the judged workspace."""
    copied(judged[0], tmp_path / "w")
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
    copied(hard.workspace, tmp_path / "w")
    before = sorted(path for path in (tmp_path / "w").rglob("*"))
    planned, told = judge(tmp_path / "w", plan=True)
    assert planned.calls == judged[1].answers.asked and planned.known == 0
    assert f"{planned.calls:,}  calls to make" in told and "Nothing was asked" in told
    assert sorted(path for path in (tmp_path / "w").rglob("*")) == before
    assert judge(judged[0], plan=True)[0].calls == 0
    searched = [row["similarity"] for row in rows(tmp_path / "w", "hard_negatives").to_pylist() if row["source"] != "rule"]
    narrow, told = judge(tmp_path / "w", plan=True, cascade=Cascade(low=sorted(searched)[len(searched) // 2], rules=False))
    assert 0 < narrow.calls < planned.calls
    assert "saved: cascade: below the band" in told


def test_workspaces_share_a_cache_and_a_changed_question_is_none_of_it(hard, tmp_path):
    for name in ("a", "b", "c"):
        copied(hard.workspace, tmp_path / name)
    shared = Kept(folder=str(tmp_path / "cache"))
    first = judge(tmp_path / "a", cache=shared)[0].answers
    second = judge(tmp_path / "b", cache=shared)[0].answers
    other = judge(tmp_path / "c", cache=shared, judge=JudgeChoice(set=("overlap.letters_per_picture=50",)))[0].answers
    assert (second.asked, second.known) == (0, first.asked)
    assert other.asked == first.asked
    assert rows(tmp_path / "a").equals(rows(tmp_path / "b"))


def test_a_judge_without_labels_is_not_calibrated_in_any_row(hard, judged, tmp_path):
    copied(hard.workspace, tmp_path / "w")
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
    mine_negatives(workspace, **sections)
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


def test_a_workspace_without_negatives_is_one_line(tmp_path):
    given = [sys.executable, str(ROOT / "jobs/judge_relevance.py"), "--workspace", str(tmp_path / "w")]
    done = subprocess.run(given, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("error: ")
    assert "no dataset 'hard_negatives' has been published" in done.stderr


def test_the_job_does_not_import_spark():
    code = "import runpy, sys; runpy.run_path('jobs/judge_relevance.py'); sys.exit('pyspark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=200, check=False).returncode == 0
