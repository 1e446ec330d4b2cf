"""Compares shared passages with the truth of a corpus."""

import re
from collections import defaultdict
from collections.abc import Mapping
from itertools import combinations

from pipelines.sources.sample_corpus.truth.precision_recall import Pairs, TruthMeasure, measure_rows

NOISE = re.compile(r"[\W_]+", re.UNICODE)
SPREAD = 6
"""A passage in more notes than this is a common phrase."""
GRAM = 6
"""Characters of the pieces in which a retyped passage is compared."""
SHARE = 0.6
"""Share of its pieces that both notes must have: with 8 % of the characters changed, 0.92 ** 6 = 0.61 remain."""


def passage_rows(truth: Pairs, texts: Mapping[str, str], mined: Pairs) -> list[TruthMeasure]:
    """Planted quotes that were mined, by the share of characters retyped; a pair is correct if planted or in both notes.

    Cost: mined pairs that nobody planted x notes, a substring search each.
    """
    expected = {frozenset((t["source_note"], t["target_note"])): t for t in truth}
    expected = {pair: t for pair, t in expected.items() if pair <= texts.keys()}
    planted = _planted(truth)
    bare = {note_id: _bare(text) for note_id, text in texts.items()}
    matched, correct, checked = set(), 0, 0
    for row in mined:
        pair = frozenset((row["query"]["note_id"], row["target"]["note_id"]))
        if not pair <= texts.keys():
            continue
        checked += 1
        if pair in expected:
            matched.add(pair)
        correct += pair in planted or _shared(_bare(row["query"]["text"] or ""), pair, bare)
    parts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for pair, t in expected.items():
        part = parts[f"{t['edit_rate']:.0%} retyped"]
        part[1] += 1
        part[0] += pair in matched
    return measure_rows("partial_text", parts, correct, checked)


def _planted(truth: Pairs) -> set[frozenset[str]]:
    """Every two notes that a planted quote relates: it with its donor and host, and two quotes of one donor or host."""
    related: dict[str, set[str]] = defaultdict(set)
    for t in truth:
        for note_id in (t["source_note"], t["host_note"]):
            related[note_id] |= {note_id, t["target_note"]}
    return {frozenset(pair) for group in related.values() for pair in combinations(sorted(group), 2)}


def _bare(text: str) -> str:
    return NOISE.sub("", text).lower()


def _shared(passage: str, pair: frozenset[str], bare: Mapping[str, str]) -> bool:
    """Both notes have the passage, or most of its pieces, and few others do."""
    if not passage:
        return False
    if all(passage in bare[note_id] for note_id in pair):
        return sum(passage in text for text in bare.values()) <= SPREAD
    grams = sorted({passage[n : n + GRAM] for n in range(max(1, len(passage) - GRAM + 1))})
    least = min(sum(g in bare[note_id] for g in grams) / len(grams) for note_id in pair)
    spread = sorted(sum(g in text for text in bare.values()) for g in grams[:: len(grams) // 9 + 1])
    return least >= SHARE and spread[len(spread) // 2] <= SPREAD
