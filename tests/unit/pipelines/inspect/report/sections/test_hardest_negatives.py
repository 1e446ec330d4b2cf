"""The negatives that are shown are the nearest to their positive, and what is said of them is so."""

import numpy as np
import pytest

from pipelines.inspect.report.cards.evidence_text import Fact
from pipelines.inspect.report.cards.filter_explanation import filter_explanation
from pipelines.inspect.report.sections.hardest_negatives import chosen_negatives
from pipelines.inspect.report.settings import Sampled
from pipelines.inspect.report.sql_reader import reading
from pipelines.workspace.workspace import Workspace
from tests.unit.pipelines.inspect.report.made import make


def chosen(folder, **settings):
    with reading(Workspace(str(folder)), 512) as reader:
        return chosen_negatives(reader, Sampled(**settings), 0)


def test_the_nearest_to_their_positive_each_of_another_query_and_candidate(made):
    folder, rows = made
    vectors = {r["item_id"]: np.array(r["vector"]) for r in rows["embeddings"]}
    near = {
        (r["query_id"], r["candidate_id"]): float(vectors[r["positive_id"]] @ vectors[r["candidate_id"]])
        for r in rows["hard_negatives"]
    }
    wanted, seen = [], set()
    for names, cosine in sorted(near.items(), key=lambda entry: -entry[1]):
        if not set(names) & seen and len(wanted) < 4:
            wanted.append(cosine)
            seen |= set(names)
    [(task, found)] = chosen(folder, negatives=4).items()
    assert task == "image_to_image"
    assert [one.nearness for one in found] == pytest.approx(wanted, abs=1e-5)


def test_where_the_vectors_are_too_many_to_read_the_most_similar_to_the_query_are_shown(made):
    folder, rows = made
    [found] = chosen(folder, negatives=2, vectors_gb=0).values()
    assert [one.nearness for one in found] == [None, None]
    assert found[0].row["similarity"] == max(r["similarity"] for r in rows["hard_negatives"])


def test_one_that_a_rule_made_is_shown_beside_them(tmp_path):
    from schemas.datasets import HARD_NEGATIVES
    from tests.unit.pipelines.inspect.report.made import publish

    rows = make(tmp_path)["hard_negatives"]
    publish(tmp_path, HARD_NEGATIVES, [*rows[1:], {**rows[0], "source": "rule", "similarity": None, "soft_label": None}])
    [found] = chosen(tmp_path, negatives=2).values()
    assert [one.row["source"] for one in found] == ["band", "band", "rule"]


def test_the_explanation_has_each_value_with_its_limit():
    settings = {"margin": {"floor": 0.25, "ceiling": 0.9}, "max_pdq_distance": 96}
    pictures = [[bytes(32)], [b"\xff" * 32], [b"\x0f" + bytes(31), b"\xff" * 30 + b"\x00\x00"]]
    assert filter_explanation(0.5, ["a", "a", "b"], pictures, settings) == [
        Fact("component", "not that of query or positive"),
        Fact("similarity to the query", "0.500, band 0.25 to 0.90"),
        Fact("PDQ distance to the nearest picture", "4 of 256 bits, kept above 96"),
    ]
    old_name = {"max_look": 96}  # of a run before the renaming
    assert filter_explanation(None, [None] * 3, pictures, old_name)[0].value.endswith("kept above 96")
    assert filter_explanation(None, ["a", "b", "b"], [[], [], []], {}) == [Fact("component", "THE SAME as query or positive")]
    assert filter_explanation(0.5, ["a", None, "b"], [[], [], []], {}) == [Fact("similarity to the query", "0.500")]
