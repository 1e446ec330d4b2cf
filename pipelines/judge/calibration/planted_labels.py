"""Labels of pairs from the truth of a sample corpus: picture families and quoted passages.

A label is about the content of the two items, not about their notes: a note without the query's picture is not relevant to it.
A pair that the truth does not decide stays unlabelled.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

import pyarrow as pa

from pipelines.media.text_fold import letter_grams, letters

GRAM = 6
"""Characters of a gram."""
STANDING = 0.4
"""Least share of a passage's grams in a text that quotes it, retyped: with 8 % of its letters changed 0.6 is left."""

Item = Mapping[str, Any]


class PlantedLabels(NamedTuple):
    """Labels of pairs."""

    relevant: list[bool | None]
    """None: the truth does not decide."""
    undecided: int
    """Count of None."""


class PlantedRelevance:
    """Families of pictures and quoted passages."""

    def __init__(self, images: pa.Table, passages: pa.Table, aliases: pa.Table | None, annotations: pa.Table) -> None:
        """Read the truth.

        Args:
            images: image_id, family: pictures of one family are copies or crops of one picture.
            passages: source_note, target_note, passage: the target quotes the source's passage.
            aliases: a, b: families that look alike by chance; the truth does not decide about them. None: there are none.
            annotations: ANNOTATIONS: a text that was read in a picture or describes it belongs to the picture's family.
        """
        self._family = dict(zip(*(images.column(name).to_pylist() for name in ("image_id", "family")), strict=True))
        rows = aliases.select(["a", "b"]).to_pylist() if aliases is not None else []
        self._aliases = {frozenset((row["a"], row["b"])) for row in rows if row["a"] != row["b"]}
        self._quotes = defaultdict(list)
        for row in passages.select(["source_note", "target_note", "passage"]).to_pylist():
            pair = frozenset((row["source_note"], row["target_note"]))
            self._quotes[pair].append(letter_grams(letters(row["passage"]), GRAM))
        self._annotated: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in annotations.select(["note_id", "image_id", "text"]).to_pylist():
            if row["text"] is not None:
                self._annotated[row["note_id"], row["text"]].add(row["image_id"])

    def labels(self, pairs: pa.Table) -> PlantedLabels:
        """A label for each pair.

        Args:
            pairs: PAIRS_TO_JUDGE.

        Cost: about 20 us a pair, more where both sides have long texts.
        """
        rows = zip(*(pairs.column(name).to_pylist() for name in ("query", "candidate", "source")), strict=True)
        labels = [self._label(query, candidate, source) for query, candidate, source in rows]
        return PlantedLabels(labels, labels.count(None))

    def _label(self, query: Item, candidate: Item, source: str) -> bool | None:
        one, other = self._families(query), self._families(candidate)
        if one & other or self._share_words(query, candidate):
            return True
        if any(frozenset((a, b)) in self._aliases for a in one for b in other):
            return None
        # A picture against its note with a description in its place: relevant perhaps, but the truth does not cover it.
        described = source == "positive" and query["note_id"] == candidate["note_id"]
        return None if described else False

    def _families(self, item: Item) -> set[str]:
        image_ids = set(item["image_ids"]) | self._annotated.get((item["note_id"], item["text"] or ""), set())
        return {self._family[image_id] for image_id in image_ids if image_id in self._family}

    def _share_words(self, query: Item, candidate: Item) -> bool:
        one, other = (letters(item["text"] or "") for item in (query, candidate))
        shorter, longer = sorted((one, other), key=len)
        if shorter and shorter in longer:
            return True
        quoted = self._quotes.get(frozenset((query["note_id"], candidate["note_id"])), ())
        own = [letter_grams(text, GRAM) for text in (one, other)] if quoted else []
        return any(all(_holds(text, passage) for text in own) for passage in quoted)


def _holds(text: frozenset[str], passage: frozenset[str]) -> bool:
    """Whether one contains most of the other's grams."""
    less = min(len(text), len(passage))
    return less > 0 and len(text & passage) >= STANDING * less
