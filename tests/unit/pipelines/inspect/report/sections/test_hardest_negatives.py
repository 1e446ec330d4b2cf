"""The sampled negatives are the nearest to their positive, and the checks on their cards are right."""

import numpy as np
import pytest

from pipelines.inspect.report.cards.evidence_text import Fact
from pipelines.inspect.report.cards.filter_explanation import filter_checks
from pipelines.inspect.report.sections.hardest_negatives import hardest_negatives
from pipelines.inspect.report.settings import SampleSizes
from pipelines.inspect.report.sql_reader import reading
from pipelines.workspace.workspace import Workspace
from tests.unit.pipelines.inspect.report.report_workspace import publish_sample


def sampled(folder, **settings):
    with reading(Workspace(str(folder)), 512) as reader:
        return hardest_negatives(reader, SampleSizes(**settings), 0)


def test_the_nearest_to_their_positive_each_of_another_query_and_candidate(sample):
    folder, rows = sample
    vectors = {r["item_id"]: np.array(r["vector"]) for r in rows["embeddings"]}
    near = {
        (r["query_id"], r["candidate_id"]): float(vectors[r["positive_id"]] @ vectors[r["candidate_id"]])
        for r in rows["hard_negatives"]
    }
    expected, seen = [], set()
    for names, cosine in sorted(near.items(), key=lambda entry: -entry[1]):
        if not set(names) & seen and len(expected) < 4:
            expected.append(cosine)
            seen |= set(names)
    [(task, negatives)] = sampled(folder, negatives=4).items()
    assert task == "image_to_image"
    assert [one.nearness for one in negatives] == pytest.approx(expected, abs=1e-5)


def test_without_vectors_the_most_similar_to_the_query_are_sampled(sample):
    folder, rows = sample
    [negatives] = sampled(folder, negatives=2, vectors_gb=0).values()
    assert [one.nearness for one in negatives] == [None, None]
    assert negatives[0].row["similarity"] == max(r["similarity"] for r in rows["hard_negatives"])


def test_one_generated_negative_is_added(tmp_path):
    from schemas.datasets import HARD_NEGATIVES
    from tests.unit.pipelines.inspect.report.report_workspace import publish

    rows = publish_sample(tmp_path)["hard_negatives"]
    publish(tmp_path, HARD_NEGATIVES, [*rows[1:], {**rows[0], "source": "rule", "similarity": None, "soft_label": None}])
    [negatives] = sampled(tmp_path, negatives=2).values()
    assert [one.row["source"] for one in negatives] == ["band", "band", "rule"]


def test_the_checks_have_values_and_limits():
    settings = {"margin": {"floor": 0.25, "ceiling": 0.9}, "max_pdq_distance": 96}
    pictures = [[bytes(32)], [b"\xff" * 32], [b"\x0f" + bytes(31), b"\xff" * 30 + b"\x00\x00"]]
    assert filter_checks(0.5, ["a", "a", "b"], pictures, settings) == [
        Fact("component", "differs from query and positive"),
        Fact("similarity to the query", "0.500, band 0.25 to 0.90"),
        Fact("smallest PDQ distance", "4 of 256 bits, kept above 96"),
    ]
    assert filter_checks(None, ["a", "b", "b"], [[], [], []], {}) == [Fact("component", "THE SAME as query or positive")]
    assert filter_checks(0.5, ["a", None, "b"], [[], [], []], {}) == [Fact("similarity to the query", "0.500")]
