"""Copies, crops and quotes are planted among notes, some of them missed by mining: none may come out as a negative."""

import random

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipelines.negatives import query_positives
from pipelines.negatives.counterfactuals import CounterfactualSettings, counterfactuals
from pipelines.negatives.filters.false_negative_filter import CANDIDATES, SCORED_POSITIVES, screen_candidates
from pipelines.negatives.filters.mined_relations import mined_relations
from pipelines.negatives.filters.removal_reasons import REASONS
from pipelines.negatives.filters.score_margins import MarginSettings
from pipelines.negatives.filters.settings import Guard
from pipelines.negatives.search.exact_search import Search
from pipelines.negatives.search.maxsim import best_notes
from pipelines.negatives.select_negatives import RULE_NEGATIVES, select_negatives
from schemas.item import full_text
from tests.unit.pipelines.negatives.worlds import components, images, item, items, notes, pair, picture_pairs, positives

ORIGINALS = 24
GUARD = Guard(negatives=4, margin=MarginSettings(preset="free"))
OFF = Guard(negatives=4, margin=MarginSettings(preset="free"), max_ngram_overlap=2.0)


class PlantedNotes:
    """Every original has a note with a copy of its picture, one with a crop, and one that quotes its sentence."""

    def __init__(self, seed, quotes_mined):
        rng = random.Random(seed)
        self.texts, self.shown, self.root, mined, self.near = {}, {}, {}, [], []
        for k in range(ORIGINALS):
            sentence = "".join(rng.choice("春夏秋冬山水花草风云雨雪金木火土") for _ in range(20))
            own = f"o{k}"
            made = {
                own: [(f"{own}_0", f"{own}s"), (f"{own}_1", f"{own}s"), (f"{own}_2", f"{own}x")]
            }  # the cover is page one again
            made |= {f"{kind}{k}": [(f"{kind}{k}_0", f"{kind}{k}s")] for kind in ("copy", "crop")} | {f"quote{k}": []}
            for note in made:
                words = "".join(rng.choice("天地人你我他大小多少上下左右") for _ in range(30))
                self.texts[note] = ("", words + (sentence if note in (own, f"quote{k}") else ""))
                self.root[note] = own
            self.shown |= made
            self.near += [(f"copy{k}s", f"{own}s"), (f"crop{k}s", f"{own}s")]
            image = {n: item("image", n, [made[n][0][0]]) for n in made if made[n]}
            whole = {n: item("note", n, [i for i, _ in made[n]], text=full_text(*self.texts[n])) for n in made}
            mined.append(pair("within_note", "image_to_note", image[own], whole[own]))
            mined.append(pair("within_note", "text_to_note", item("text", own, text=sentence), whole[own]))
            mined.append(pair("near_duplicate_image", "image_to_image", image[f"copy{k}"], image[own]))
            mined.append(pair("crop", "image_to_image", image[f"crop{k}"], image[own]))
            if quotes_mined:
                quoted = item("text", f"quote{k}", text=sentence)
                mined.append(pair("partial_text", "text_to_text", quoted, item("text", own, text=sentence)))
            self.wholes = [*getattr(self, "wholes", []), *whole.values()]
        self.positives = positives(*mined)
        ends = [p[side] for p in mined for side in ("query", "target")]
        self.items = items([*ends, *self.wholes])
        tie = {n: n if n.startswith("quote") and not quotes_mined else root for n, root in self.root.items()}
        self.relations = mined_relations(self.positives, components(tie), self.items)

    def offered(self):
        """Each original's picture and sentence ask; a note scores by how near its root is, with noise."""
        pairs = query_positives.pairs(self.positives)
        pairs = pairs.filter(pc.is_in(pairs.column("task"), value_set=pa.array(["image_to_note", "text_to_note"])))
        rng, note = np.random.default_rng(1), {i["item_id"]: i["note_id"] for i in self.items.column("item").to_pylist()}
        centre = {n: rng.standard_normal(32) for n in set(self.root.values())}

        def vectors(of):
            return np.array([centre[self.root[n]] + 0.2 * rng.standard_normal(32) for n in of], np.float32)

        found = best_notes(
            vectors(note[q] for q in pairs.column("query_id").to_pylist()),
            vectors(i["note_id"] for i in self.wholes),
            np.arange(len(self.wholes)), 20, Search(),
        )  # fmt: skip
        ids = np.array([i["item_id"] for i in self.wholes])
        rows = pa.table([np.repeat(pairs.column(c).to_numpy(), 20) for c in ("query_id", "task")], names=["query_id", "task"])
        rows = rows.append_column("candidate_id", pa.array(ids[found.rows.ravel()]))
        rows = rows.append_column("similarity", pa.array(found.scores.ravel())).cast(CANDIDATES)
        return (
            rows,
            pairs,
            pairs.append_column("similarity", pa.array(np.ones(len(pairs), np.float32))).cast(SCORED_POSITIVES),
            note,
        )


@pytest.fixture(scope="module")
def planted():
    return PlantedNotes(3, quotes_mined=True)


@pytest.fixture(scope="module")
def missed():
    return PlantedNotes(3, quotes_mined=False)


def leaks(encoded, rows, note):
    return [r for r in rows.to_pylist() if encoded.root[note[r["query_id"]]] == encoded.root[note[r["candidate_id"]]]]


def test_no_copy_crop_or_quote_is_a_negative(planted):
    candidates, pairs, scored_positives, note = planted.offered()
    out = select_negatives(
        screen_candidates(candidates, planted.relations, scored_positives, None, GUARD), pairs, None, None, GUARD
    )
    assert len(out.rows) == 4 * len(pairs) - sum(4 - r["written"] for r in out.shortfalls.to_pylist())
    assert len(out.rows) > 3 * len(pairs)
    assert leaks(planted, out.rows, note) == []


def test_the_planted_ones_would_come_out_without_the_guard(planted):
    candidates, pairs, scored_positives, note = planted.offered()
    blind = mined_relations(planted.positives.slice(0, 0), components({n: n for n in planted.root}), planted.items)
    out = select_negatives(screen_candidates(candidates, blind, scored_positives, None, OFF), pairs, None, None, OFF)
    assert len(leaks(planted, out.rows, note)) > len(pairs)


def test_a_quote_that_mining_missed_is_told_by_its_text(missed):
    candidates, _, scored_positives, note = missed.offered()
    found = screen_candidates(candidates, missed.relations, scored_positives, None, GUARD)
    taken = [
        r for r, reason in zip(found.rows.to_pylist(), found.reasons, strict=True)
        if REASONS[reason].startswith("shared_text") and note[r["candidate_id"]].startswith("quote")
    ]  # fmt: skip
    assert len(taken) == ORIGINALS


def test_no_rule_made_negative_shows_its_part(planted):
    made = counterfactuals(
        planted.positives, notes(planted.texts), images(planted.shown), picture_pairs(*planted.near), CounterfactualSettings()
    ).rows
    assert len(made) == 2 * ORIGINALS
    sentences = {i["item_id"]: i for i in planted.items.column("item").to_pylist()}
    for row in made.to_pylist():
        part, left = sentences[row["query_id"]], row["item"]
        if part["kind"] == "image":
            assert left["image_ids"] == [f"{part['note_id']}_2"]
        else:
            assert part["text"] not in left["text"] and len(left["text"]) > 20
    rules = [
        {"query_id": r["query_id"], "positive_id": r["positive_id"], "candidate_id": r["item"]["item_id"], "similarity": None}
        for r in made.to_pylist()
    ]
    candidates, pairs, scored_positives, _ = planted.offered()
    out = select_negatives(
        screen_candidates(candidates, planted.relations, scored_positives, None, GUARD),
        pairs,
        pa.Table.from_pylist(rules, RULE_NEGATIVES),
        None,
        GUARD,
    )
    assert sum(r["source"] == "rule" for r in out.rows.to_pylist()) == 2 * ORIGINALS
