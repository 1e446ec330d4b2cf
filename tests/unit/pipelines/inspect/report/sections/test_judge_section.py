"""The summary of a judge equals that of plain loops over the same rows."""

import pyarrow as pa
import pytest

from pipelines.inspect.report.sections.judge_section import judge_summary
from pipelines.inspect.report.settings import SampleSizes
from pipelines.inspect.report.sql_reader import reading
from pipelines.workspace.workspace import Workspace
from schemas.datasets import JUDGEMENTS
from schemas.inputs import LABELS_IN
from tests.unit.pipelines.inspect.report.report_workspace import judgement, publish, publish_sample


def summary(folder, labels=None, most=50):
    with reading(Workspace(str(folder)), 512) as reader:
        if labels is not None:
            reader.register("labels", pa.Table.from_pylist(labels, LABELS_IN))
        return judge_summary(reader, SampleSizes(judged=most), 0, labels is not None)


def curve(rows, relevant):
    """Compute [(low, rows, mean predicted, share observed)] directly."""
    bins = {}
    for row in rows:
        if (label := relevant.get((row["query_id"], row["candidate_id"]))) is not None:
            bins.setdefault(min(9, int(row["calibrated"] * 10 + 1e-9)), []).append((row["calibrated"], label))
    return [(k / 10, len(b), sum(p for p, _ in b) / len(b), sum(r for _, r in b) / len(b)) for k, b in sorted(bins.items())]


def test_reliability_against_what_was_mined_and_against_labels(sample):
    folder, rows = sample
    mined = {(p["query"]["item_id"], p["target"]["item_id"]) for p in rows["positives"]}
    by_mining = {(j["query_id"], j["candidate_id"]): (j["query_id"], j["candidate_id"]) in mined for j in rows["judgements"]}
    labels = [{"query_id": q, "candidate_id": c, "relevant": k % 3 == 0} for k, (q, c) in enumerate(sorted(by_mining))][::2]
    by_people = {(r["query_id"], r["candidate_id"]): r["relevant"] for r in labels}
    for people, relevant in ((None, by_mining), (labels, by_people)):
        result = summary(folder, people)
        assert result.by_people == (people is not None)
        expected = curve(rows["judgements"], relevant)
        assert [(b.low, b.rows) for b in result.reliability] == [(low, n) for low, n, _, _ in expected]
        assert [v for b in result.reliability for v in (b.predicted, b.observed)] == pytest.approx(
            [v for _, _, p, share in expected for v in (p, share)], abs=1e-6
        )


def test_disagreements_are_those_of_the_rows(sample):
    folder, rows = sample
    by_kind = {}
    for why, row in summary(folder).disagreements:
        by_kind.setdefault(why, []).append(row)
    content = [p for p in rows["positives"] if p["granularity"] != "co_click"]
    mined = {(p["query"]["item_id"], p["target"]["item_id"]) for p in content}
    no_to_mined = [j for j in rows["judgements"] if (j["query_id"], j["candidate_id"]) in mined and j["score"] < 0.5]
    assert len(by_kind["judge: not relevant, mining: a pair"]) == len(no_to_mined) > 0
    near, far = by_kind["judge: not relevant, encoder: similar"], by_kind["judge: relevant, encoder: dissimilar"]
    assert near and far
    assert all(r["by_encoder"] > r["by_judge"] and r["p"] < 0.5 for r in near)
    assert all(r["by_encoder"] < r["by_judge"] and r["p"] >= 0.5 for r in far)
    gaps = [r["by_encoder"] - r["by_judge"] for r in near]
    assert gaps == sorted(gaps, reverse=True)
    for some in by_kind.values():
        for name in ("query_id", "candidate_id"):
            assert len({row[name] for row in some}) == len(some)


def test_one_query_does_not_fill_the_page(tmp_path):
    rows = publish_sample(tmp_path, with_judge=False)["positives"]
    one = rows[0]["query"]["item_id"]
    targets = sorted({p["target"]["item_id"] for p in rows})
    negatives = [judgement(one, target, "image_to_image", 0.9) for target in targets]
    others = [
        judgement(p["query"]["item_id"], p["target"]["item_id"], p["task"], 0.1 + k / 1000) for k, p in enumerate(rows[1:])
    ]
    unique = {(j["query_id"], j["candidate_id"]): j for j in [*negatives, *others]}
    publish(
        tmp_path, JUDGEMENTS, [{**j, "calibrated": 0.0, "score": 0.0} if j["query_id"] == one else j for j in unique.values()]
    )
    rows = [row for why, row in summary(tmp_path, most=3).disagreements if why == "judge: not relevant, mining: a pair"]
    assert len(rows) == 3 and len({row["query_id"] for row in rows}) == 3


def test_rows_without_a_score_and_without_calibration(tmp_path):
    publish_sample(tmp_path, with_negatives=False, with_judge=False)
    assert summary(tmp_path) is None
    scored = judgement("q", "a", "image_to_note", 0.7, calibrated=None, grade=2)
    publish(tmp_path, JUDGEMENTS, [scored, judgement("q", "b", "image_to_note", None, reason="too long")])
    result = summary(tmp_path)
    assert (result.judges[0].rows, result.judges[0].scored, result.judges[0].calibrated) == (2, 1, 0)
    assert result.tasks[0]["rows"] - result.tasks[0]["scored"] == 1 and result.tasks[0]["most"] == 1
    assert [(b.low, b.rows, b.observed) for b in result.reliability] == [(0.7, 1, 0.0)]
