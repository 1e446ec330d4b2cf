"""Negatives by rank below the positive's score: what reading every score in turn finds, for any number of actors and queries."""

import numpy as np
import pyarrow as pa
import pytest

from pipelines.negatives.filters.mined_relations import mined_relations
from pipelines.negatives.filters.score_margins import Margin
from pipelines.negatives.search.candidate_search import EncodedItems, SearchPlan, scored_positives, search_blocks
from pipelines.negatives.search.exact_search import Search
from pipelines.negatives.search.ivf import IvfSettings
from pipelines.negatives.search.note_elements import rows_to_encode
from pipelines.negatives.search.rank_window import RankedSearch, RankWindow, hash_sample
from pipelines.negatives.search.search_actors import start_search_actors
from pipelines.negatives.search.vector_store import VectorStore
from tests.unit.pipelines.negatives.worlds import components, images, item, items, pair, positives

WINDOW = RankWindow(first=3, last=9, pool=30)
TASKS = {"image_to_note": (0, 1), "image_to_text": (0, 2)}


@pytest.fixture(scope="module")
def world():
    """80 notes of one picture and a caption, in two splits, and vectors of small numbers that often tie."""
    whole = [
        (
            item("image", f"n{n}", [f"i{n}"]),
            item("note", f"n{n}", [f"i{n}"], text=f"title {n}\nbody"),
            item("text", f"n{n}", text=f"caption {n}"),
        )
        for n in range(80)
    ]
    table = items([one for note in whole for one in note], {f"n{n}": "test" if n % 5 == 0 else "train" for n in range(80)})
    rows = rows_to_encode(table, images({f"n{n}": [(f"i{n}", f"sha{n}")] for n in range(80)}), {})
    vectors = np.random.default_rng(7).integers(-2, 3, (len(rows.rows), 6)).astype(np.float32)
    mined = [pair("within_note", task, note[q], note[p]) for note in whole for task, (q, p) in TASKS.items()]
    mined += [pair("co_click", "image_to_text", whole[n][0], whole[n + 1][2]) for n in range(6, 70, 9)]
    relations = mined_relations(positives(*mined), components({f"n{n}": f"c{n // 4}" for n in range(80)}), table)
    encoded = EncodedItems(table, len(table), rows, VectorStore(vectors, np.ones(len(vectors), bool)))
    return encoded, positives(*mined), relations


def hits_by_query(hits, query_ids, task):
    return {(name, task): found[found >= 0].tolist() for name, found in zip(query_ids.to_pylist(), hits.rows, strict=True)}


def searched(world, actors, queries):
    encoded, mined, relations = world
    scored = scored_positives(encoded, mined)
    with start_search_actors(actors, Search(), IvfSettings()) as search:
        ranks = RankedSearch(WINDOW, Margin(relative=0.05, strict=True), relations)
        plan = SearchPlan(depth=100, queries=queries, search=search, cells=IvfSettings(), ranks=ranks)
        blocks = list(search_blocks(encoded, scored, scored, plan, hits_by_query, lambda _: []))
    return {key: found for block in blocks for key, found in block.items()}


def by_hand(world):
    """Each query: all items of its task's sample, scored one by one; those below 0.95 of the positive, ranks 3 to 9.

    Groups are four notes in a row; a co-click ties a note to the group of the next.
    """
    encoded, mined, _ = world
    rows = encoded.items.to_pylist()
    split, kind, name = ([r["split"] for r in rows], [r["item"]["kind"] for r in rows], encoded.ids().to_pylist())

    def score(q, c):
        own = encoded.rows.elements[encoded.rows.starts[c] : encoded.rows.starts[c + 1]]
        members = encoded.vectors.vectors[own if kind[c] == "note" else encoded.rows.items[[c]]]
        return max(float(encoded.vectors_of(np.array([q]))[0] @ one) for one in members)

    wanted, pairs = {}, mined.to_pylist()
    note = [int(r["item"]["note_id"][1:]) for r in rows]
    related = [{n // 4} for n in range(80)]
    for row in pairs:
        ends = [int(row[side]["note_id"][1:]) for side in ("query", "target")]
        for one, other in (ends, ends[::-1]):
            related[one].add(other // 4)
    for row in (r for r in pairs if r["granularity"] == "within_note"):
        q, p = name.index(row["query"]["item_id"]), name.index(row["target"]["item_id"])
        alike = [c for c in range(len(rows)) if kind[c] == kind[p] and split[c] == split[q]]
        sample = sorted(alike, key=lambda c: name[c])[: WINDOW.pool]
        scores = {c: score(q, c) for c in sample}
        limit = score(q, p) - 0.05 * abs(score(q, p))
        free = [c for c in sample if scores[c] < limit and note[c] // 4 not in related[note[q]]]
        below = sorted(free, key=lambda c: (-scores[c], c))
        wanted[name[q], row["task"]] = below[WINDOW.first - 1 : WINDOW.last]
    return wanted


@pytest.mark.parametrize(("actors", "queries"), [(1, 4096), (3, 7)])
def test_finds_the_ranks_below_the_positive_in_a_sample_of_the_task(ray_local, world, actors, queries):
    wanted = by_hand(world)
    assert sum(map(len, wanted.values())) > 200 and any(not found for found in wanted.values())
    assert searched(world, actors, queries) == wanted


def test_an_item_of_a_smaller_hash_takes_the_place_of_the_last_of_the_sample():
    ids = pa.array(["d", "a", "c", "b", "e"])
    assert hash_sample(ids, np.array([0, 1, 2, 4]), 2).tolist() == [1, 2]
    assert hash_sample(ids, np.array([0, 1, 2, 3, 4]), 2).tolist() == [1, 3]
    assert hash_sample(ids, np.array([0, 4]), 2).tolist() == [0, 4]
