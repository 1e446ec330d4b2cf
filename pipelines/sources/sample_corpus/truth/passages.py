"""Shared passages against the truth of a corpus."""

import re
from collections import defaultdict
from collections.abc import Mapping
from itertools import combinations

from pipelines.sources.sample_corpus.truth.precision_recall import Pairs, Row, counted

NOISE = re.compile(r"[\W_]+", re.UNICODE)
SPREAD = 6
"""A passage that stands in more notes than this is a phrase that everybody uses."""
GRAM = 6
"""Characters of the pieces in which a retyped passage is compared."""
SHARE = 0.6
"""So many of its pieces must stand in both notes: with 8 % of the characters changed, 0.92 ** 6 = 0.61 remain."""


def passage_rows(truth: Pairs, texts: Mapping[str, str], mined: Pairs) -> list[Row]:
    """Planted quotes that were found, by the share of characters retyped; a pair is right when planted or when both have it.

    Cost: mined pairs that nobody planted x notes, a substring search each.
    """
    wanted = {frozenset((t["source_note"], t["target_note"])): t for t in truth}
    wanted = {pair: t for pair, t in wanted.items() if pair <= texts.keys()}
    planted = _planted(truth)
    bare = {note_id: _bare(text) for note_id, text in texts.items()}
    found, right, judged = set(), 0, 0
    for row in mined:
        pair = frozenset((row["query"]["note_id"], row["target"]["note_id"]))
        if not pair <= texts.keys():
            continue
        judged += 1
        if pair in wanted:
            found.add(pair)
        right += pair in planted or _shared(_bare(row["query"]["text"] or ""), pair, bare)
    parts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for pair, t in wanted.items():
        part = parts[f"{t['edit_rate']:.0%} retyped"]
        part[1] += 1
        part[0] += pair in found
    return counted("partial_text", parts, right, judged)


def _planted(truth: Pairs) -> set[frozenset[str]]:
    """Every two notes that planting ties: a quote with its donor and host, and two quotes of one donor or host."""
    tied: dict[str, set[str]] = defaultdict(set)
    for t in truth:
        for note_id in (t["source_note"], t["host_note"]):
            tied[note_id] |= {note_id, t["target_note"]}
    return {frozenset(pair) for group in tied.values() for pair in combinations(sorted(group), 2)}


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
