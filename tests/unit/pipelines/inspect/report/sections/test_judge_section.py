"""What is told of a judge, against plain loops over the same rows."""

import pyarrow as pa
import pytest

from pipelines.inspect.report.sections.judge_section import judged
from pipelines.inspect.report.settings import Sampled
from pipelines.inspect.report.sql_reader import reading
from pipelines.workspace.workspace import Workspace
from schemas.datasets import JUDGEMENTS
from schemas.inputs import LABELS_IN
from tests.unit.pipelines.inspect.report.made import make, publish, said


def told(folder, labels=None, most=50):
    with reading(Workspace(str(folder)), 512) as reader:
        if labels is not None:
            reader.register("labels", pa.Table.from_pylist(labels, LABELS_IN))
        return judged(reader, Sampled(judged=most), 0, labels is not None)


def curve(rows, relevant):
    """[(low, rows, mean said, share found)] by hand."""
    bins = {}
    for row in rows:
        if (known := relevant.get((row["query_id"], row["candidate_id"]))) is not None:
            bins.setdefault(min(9, int(row["calibrated"] * 10 + 1e-9)), []).append((row["calibrated"], known))
    return [(k / 10, len(b), sum(p for p, _ in b) / len(b), sum(r for _, r in b) / len(b)) for k, b in sorted(bins.items())]


def test_reliability_against_what_was_mined_and_against_labels(made):
    folder, rows = made
    mined = {(p["query"]["item_id"], p["target"]["item_id"]) for p in rows["positives"]}
    known = {(j["query_id"], j["candidate_id"]): (j["query_id"], j["candidate_id"]) in mined for j in rows["judgements"]}
    labels = [{"query_id": q, "candidate_id": c, "relevant": k % 3 == 0} for k, (q, c) in enumerate(sorted(known))][::2]
    by_people = {(r["query_id"], r["candidate_id"]): r["relevant"] for r in labels}
    for given, relevant in ((None, known), (labels, by_people)):
        found = told(folder, given)
        assert found.by_people == (given is not None)
        expected = curve(rows["judgements"], relevant)
        assert [(b.low, b.rows) for b in found.reliability] == [(low, n) for low, n, _, _ in expected]
        assert [v for b in found.reliability for v in (b.said, b.found)] == pytest.approx(
            [v for _, _, p, share in expected for v in (p, share)], abs=1e-6
        )


def test_a_difference_is_one(made):
    folder, rows = made
    found = {}
    for why, row in told(folder).differ:
        found.setdefault(why, []).append(row)
    content = [p for p in rows["positives"] if p["granularity"] != "co_click"]
    mined = {(p["query"]["item_id"], p["target"]["item_id"]) for p in content}
    no_to_mined = [j for j in rows["judgements"] if (j["query_id"], j["candidate_id"]) in mined and j["score"] < 0.5]
    assert len(found["the judge says no, mining says yes"]) == len(no_to_mined) > 0
    near, far = found["the judge says no, the encoder says near"], found["the judge says yes, the encoder says far"]
    assert near and far
    assert all(r["by_encoder"] > r["by_judge"] and r["p"] < 0.5 for r in near)
    assert all(r["by_encoder"] < r["by_judge"] and r["p"] >= 0.5 for r in far)
    gaps = [r["by_encoder"] - r["by_judge"] for r in near]
    assert gaps == sorted(gaps, reverse=True)
    for some in found.values():
        for name in ("query_id", "candidate_id"):
            assert len({row[name] for row in some}) == len(some)


def test_one_odd_query_does_not_fill_the_page(tmp_path):
    rows = make(tmp_path, with_judge=False)["positives"]
    one = rows[0]["query"]["item_id"]
    targets = sorted({p["target"]["item_id"] for p in rows})
    negatives = [said(one, target, "image_to_image", 0.9) for target in targets]
    others = [said(p["query"]["item_id"], p["target"]["item_id"], p["task"], 0.1 + k / 1000) for k, p in enumerate(rows[1:])]
    unique = {(j["query_id"], j["candidate_id"]): j for j in [*negatives, *others]}
    publish(
        tmp_path, JUDGEMENTS, [{**j, "calibrated": 0.0, "score": 0.0} if j["query_id"] == one else j for j in unique.values()]
    )
    shown = [row for why, row in told(tmp_path, most=3).differ if why == "the judge says no, mining says yes"]
    assert len(shown) == 3 and len({row["query_id"] for row in shown}) == 3


def test_rows_without_a_score_and_without_calibration(tmp_path):
    make(tmp_path, with_negatives=False, with_judge=False)
    assert told(tmp_path) is None
    scored = said("q", "a", "image_to_note", 0.7, calibrated=None, grade=2)
    publish(tmp_path, JUDGEMENTS, [scored, said("q", "b", "image_to_note", None, reason="too long")])
    found = told(tmp_path)
    assert (found.judges[0].rows, found.judges[0].scored, found.judges[0].calibrated) == (2, 1, 0)
    assert found.tasks[0]["rows"] - found.tasks[0]["scored"] == 1 and found.tasks[0]["most"] == 1
    assert [(b.low, b.rows, b.found) for b in found.reliability] == [(0.7, 1, 0.0)]
