"""The guard and the choice against the rules read out one candidate at a time, over random small workspaces."""

from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.negatives import query_positives
from pipelines.negatives.filters.false_negative_filter import CANDIDATES, JUDGED, SCORED_POSITIVES, screen_candidates
from pipelines.negatives.filters.mined_relations import mined_relations
from pipelines.negatives.filters.removal_reasons import REASONS
from pipelines.negatives.filters.score_margins import MarginSettings
from pipelines.negatives.filters.settings import Guard
from pipelines.negatives.select_negatives import RULE_NEGATIVES, select_negatives
from schemas.granularity import GRANULARITY_NAMES
from tests.unit.pipelines.negatives.worlds import components, item, items, pair, positives

pytestmark = pytest.mark.slow

NOTES = [f"n{k}" for k in range(7)]
WHOLE = {n: item("note", n, [f"{n}_0"]) for n in NOTES}
IMAGE = {n: item("image", n, [f"{n}_0"]) for n in NOTES}
ID = {i["item_id"]: n for n in NOTES for i in (WHOLE[n], IMAGE[n])}
SCORE = st.integers(-10, 10).map(lambda n: n / 10)
NOTE = st.sampled_from(NOTES)
EDGE = st.tuples(st.sampled_from(GRANULARITY_NAMES[:4]), NOTE, NOTE, SCORE)


@st.composite
def worlds(draw):
    edges = [e for e in draw(st.lists(EDGE, max_size=5)) if e[1] != e[2]]
    mined = [
        pair("co_click", "note_to_note", WHOLE[a], WHOLE[b], s)
        if g == "co_click"
        else pair(g, "image_to_image", IMAGE[a], IMAGE[b], s)
        for g, a, b, s in edges
    ]
    mined += [pair("within_note", "image_to_note", IMAGE[n], WHOLE[n]) for n in NOTES]
    component = {n: draw(st.sampled_from([n, n, NOTES[0], NOTES[1]])) for n in NOTES}
    split = {n: draw(st.sampled_from(["train", "train", "test"])) for n in NOTES}
    offered = draw(st.lists(st.tuples(NOTE, NOTE, SCORE), max_size=25, unique_by=lambda r: r[:2]))
    judgements = draw(st.lists(st.tuples(NOTE, NOTE, st.integers(0, 10).map(lambda n: n / 10)), max_size=8))
    return mined, component, split, offered, judgements, {n: draw(SCORE) for n in NOTES}


def groups(component):
    return {n: {m for m in NOTES if component[m] == component[n]} for n in NOTES}


def by_hand(workspace, limit):
    """The reason of each offered row, for image -> note queries."""
    mined, component, split, offered, judgements, positive = workspace
    group = groups(component)
    of_item, of_note = defaultdict(set), defaultdict(set)
    for p in mined:
        for one, other in ((p["query"], p["target"]), (p["target"], p["query"])):
            of_item[one["item_id"]] |= group[other["note_id"]]
            if one["note_id"] != other["note_id"]:
                of_note[one["note_id"]] |= group[other["note_id"]]
    said = defaultdict(lambda: -1.0)
    for q, c, s in judgements:
        said[q, c] = max(said[q, c], s)
    verdicts = []
    for q, c, s in offered:
        p = positive[q]
        rules = [
            ("split", split[q] != split[c]),
            ("query_component", c in group[q]),
            ("positive_component", c in of_item[IMAGE[q]["item_id"]]),
            ("mined_pair", c in of_note[q]),
            ("above_band", s > limit),
            ("positive_margin", s > p - abs(p) * 0.05),
            ("judged_relevant", said[q, c] >= 0.5),
        ]
        verdicts.append(next((name for name, holds in rules if holds), "kept"))
    return verdicts, group


def tables(workspace):
    mined, component, split, offered, judgements, positive = workspace
    relations = mined_relations(positives(*mined), components(component), items([*WHOLE.values(), *IMAGE.values()], split))
    rows = [
        {"query_id": IMAGE[q]["item_id"], "task": "image_to_note", "candidate_id": WHOLE[c]["item_id"], "similarity": s}
        for q, c, s in offered
    ]
    judged = [{"query_id": IMAGE[q]["item_id"], "candidate_id": WHOLE[c]["item_id"], "calibrated": s} for q, c, s in judgements]
    known = query_positives.pairs(positives(*mined))
    scores = [
        positive[ID[q]] if t == "image_to_note" else 0.0
        for q, t in zip(*(known.column(c).to_pylist() for c in ("query_id", "task")), strict=True)
    ]
    scored_positives = known.append_column("similarity", pa.array(scores, pa.float32())).cast(SCORED_POSITIVES)
    return pa.Table.from_pylist(rows, CANDIDATES), relations, scored_positives, pa.Table.from_pylist(judged, JUDGED)


SETTINGS = Guard(negatives=3, margin=MarginSettings(preset="free", ceiling=0.55, relative=0.05))


@given(worlds())
def test_the_guard_is_its_rules_read_out(workspace):
    found = screen_candidates(*tables(workspace), SETTINGS)
    wanted, _ = by_hand(workspace, 0.55)
    assert all(REASONS[r].startswith(w) for r, w in zip(found.reasons, wanted, strict=True)), (
        [REASONS[r] for r in found.reasons], wanted,
    )  # fmt: skip


@given(worlds(), st.data())
def test_the_choice_is_its_rules_read_out(workspace, data):
    mined, _, _, offered, _, _ = workspace
    offer, relations, scored_positives, judged = tables(workspace)
    made = [n for n in NOTES if data.draw(st.booleans())]
    rules = pa.Table.from_pylist(
        [
            {
                "query_id": IMAGE[n]["item_id"],
                "positive_id": WHOLE[n]["item_id"],
                "candidate_id": f"rule {n}",
                "similarity": 0.9,
            }
            for n in made
        ],
        RULE_NEGATIVES,
    )
    wanted_pairs = query_positives.pairs(positives(*mined), 4)
    out = select_negatives(
        screen_candidates(offer, relations, scored_positives, judged, SETTINGS), wanted_pairs, rules, judged, SETTINGS
    )
    verdicts, group = by_hand(workspace, 0.55)
    written = defaultdict(list)
    for row in out.rows.to_pylist():
        assert row["rank"] == len(written[row["query_id"], row["positive_id"]]) + 1
        written[row["query_id"], row["positive_id"]].append(row["candidate_id"])
    short = {(r["query_id"], r["positive_id"]): r["written"] for r in out.shortfalls.to_pylist()}
    for row in wanted_pairs.to_pylist():
        key, note = (row["query_id"], row["positive_id"]), ID[row["query_id"]]
        expected = [f"rule {note}"] if row["task"] == "image_to_note" and note in made else []
        left = [
            (-s, WHOLE[c]["item_id"], c) for (q, c, s), v in zip(offered, verdicts, strict=True) if q == note and v == "kept"
        ]
        seen = set()
        for _, candidate, c in sorted(left) if row["task"] == "image_to_note" else []:
            if len(expected) < 3 and c not in seen:
                expected.append(candidate)
                seen |= group[c]
        assert written[key] == expected
        assert short.get(key, 3) == len(expected)


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_and_the_batches_of_candidates_do_not_matter(workspace, random):
    offer, relations, scored_positives, judged = tables(workspace)
    wanted_pairs = query_positives.pairs(positives(*workspace[0]), 4)
    whole = select_negatives(
        screen_candidates(offer, relations, scored_positives, judged, SETTINGS), wanted_pairs, None, judged, SETTINGS
    )
    rows = list(range(len(offer)))
    random.shuffle(rows)
    mixed = select_negatives(
        screen_candidates(offer.take(pa.array(rows, pa.int64())), relations, scored_positives, judged, SETTINGS),
        wanted_pairs,
        None,
        judged,
        SETTINGS,
    )
    assert mixed.rows.equals(whole.rows) and mixed.shortfalls.equals(whole.shortfalls)
    parts = []
    for query_id in sorted(set(wanted_pairs.column("query_id").to_pylist())):
        mine, own = (t.filter(pa.compute.equal(t.column("query_id"), query_id)) for t in (offer, wanted_pairs))
        parts.append(
            select_negatives(
                screen_candidates(mine, relations, scored_positives, judged, SETTINGS), own, None, judged, SETTINGS
            ).rows
        )
    assert pa.concat_tables(parts).equals(whole.rows)


@given(worlds())
def test_a_group_is_related_to_a_query_where_a_check_finds_it(workspace):
    _, relations, _, _ = tables(workspace)
    numbers = np.arange(len(relations.items))
    starts, groups = relations.related_groups(numbers)
    for query in numbers.tolist():
        pairs = np.full(len(numbers), query), numbers
        found = relations.in_query_group(*pairs) | relations.in_positive_group(*pairs) | relations.linked_to_query(*pairs)
        assert np.isin(relations.group_of(numbers), groups[starts[query] : starts[query + 1]]).tolist() == found.tolist()
