"""The judge without a model: the share of content that two items have in common, which is the paper's own relevance.

Content is pictures and letters. A picture weighs 1, a text its letters / `letters_per_picture`. A
picture is shared when the other item shows one of its family, is the words that were read or
described in it, or holds its description. Of a text the other item has all, where it stands in it
or was read in its pictures (a word or two prove nothing of another note); else the passages that
mining found in both notes; else, in parts of one note, the sentences that stand in both. With w(x)
the weight of an item and s(x, y) the weight of what of x is found in y:

    two notes:        (s(q, c) + s(c, q)) / (w(q) + w(c))
    part and whole:   max(s(q, c) / w(q), s(c, q) / w(c))

Why the first is exact on the lists of method.md, section 7: to N_B u {I_1..I_k} a picture of A is
added, so both s(c, q) and w(c) grow by 1 and s(q, c) does not shrink; (S + 1) / (W + 1) > S / W
while S < W. Repeated pictures are counted each, so it holds when copies of one picture lie in both
halves. Behind N_B, which shares nothing, stands noise: two parts of one note have `same_note` of
what is left to 1.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pyarrow as pa

from pipelines.items.failure_reasons import Reason
from pipelines.judge.backends.mined_content import Known, stands, weight
from pipelines.judge.judge_fingerprint import named
from pipelines.judge.preset import JudgeSpec, prompt_hash
from pipelines.judge.prompt.question import BadPair
from pipelines.judge.protocol import NOTHING, Picture, Sizes
from pipelines.judge.score_rows import Said, score_rows
from pipelines.media.passage_match import containment
from pipelines.media.sentences import sentences
from schemas.item import UNDESCRIBED

NOT_DESCRIBED = Reason.NOT_DESCRIBED
"""A note without the picture that asks says nothing of it; whether it was meant to, content cannot tell."""
SAID_TASKS = ("image_to_text", "text_to_image", "text_to_note", "image_to_ocr", "ocr_to_image", "ocr_to_note")
"""Whose texts may be an annotator's words for a picture."""
Item = Mapping[str, Any]


class _Shown(NamedTuple):
    note_id: str
    image_ids: list[str]
    families: set[int | str]
    stands_for: set[int | str]
    """Families of the pictures that the item's text was read or described in."""
    region: Mapping[str, float] | None
    text: str
    words: str
    """The text, and what was read or described in its pictures."""


class OverlapJudge:
    """Counts. Pictures are not looked at."""

    def __init__(self, spec: JudgeSpec, known: Known) -> None:
        """Keep what is known of pictures and passages."""
        self._spec, self._known, self._settings = spec, known, spec.overlap
        self.model, self.prompt_hash = named(spec), prompt_hash(spec.question)

    def __call__(self, pairs: pa.Table, pictures: Mapping[str, Picture]) -> pa.Table:
        """SCORES; `pictures` is not looked at. Cost: some 100 us a pair, most of it the flags of new texts."""
        return score_rows(pairs, [self._judged(pair) for pair in pairs.to_pylist()])

    def tokens(self, pairs: pa.Table, sizes: Sizes) -> int:
        """None."""
        return 0

    def _judged(self, pair: Mapping[str, Any]) -> Said:
        query, candidate = pair["query"], pair["candidate"]
        one, other = (self._shown(item, pair["task"]) for item in (query, candidate))
        for role, shown in (("query", one), ("candidate", other)):
            if not self._weight(shown):
                return BadPair(NOTHING, f"the {role} has neither a picture nor a letter")
        there, back = self._shared(one, other), self._shared(other, one)
        if pair["task"] == "note_to_note":
            found = (there + back) / (self._weight(one) + self._weight(other))
            return found + (1 - found) * (self._settings.same_note if one.note_id == other.note_id else 0.0)
        found = max(there / self._weight(one), back / self._weight(other))
        return found if found or not _untold(query, candidate) else BadPair(NOT_DESCRIBED, query["note_id"])

    def _shown(self, item: Item, task: str) -> _Shown:
        ids, known = list(item["image_ids"] or []), self._known
        text = (item["text"] or "").replace(UNDESCRIBED, "")
        places = known.places.get((item["note_id"], text), ()) if not ids and task in SAID_TASKS else ()
        return _Shown(
            note_id=item["note_id"],
            image_ids=ids,
            families={known.families.get(i, i) for i in ids},
            stands_for={known.families.get(i, i) for i in places},
            region=item["region"] if item["kind"] == "crop" else None,
            text=text,
            words="\n".join([text, *(said for i in ids for by in (known.read, known.described) for said in by.get(i, ()))]),
        )

    def _weight(self, shown: _Shown) -> float:
        return len(shown.image_ids) + weight(shown.text) / self._settings.letters_per_picture

    def _shared(self, one: _Shown, other: _Shown) -> float:
        """s(one, other)."""
        pictures = sum(self._picture(i, one, other) for i in one.image_ids)
        return pictures + self._letters(one, other) / self._settings.letters_per_picture

    def _picture(self, image_id: str, one: _Shown, other: _Shown) -> float:
        """How much of a picture the other item has, 0 to 1."""
        family = self._known.families.get(image_id, image_id)
        if family in other.families:
            return _common(one, other)
        described = self._known.described.get(image_id, ())
        return float(family in other.stands_for or any(stands(words, other.text) for words in described))

    def _letters(self, one: _Shown, other: _Shown) -> float:
        """The weight of what of a text is found in the other item."""
        whole = weight(one.text)
        if not whole or one.stands_for & (other.families | other.stands_for):
            return whole
        says = whole >= self._settings.least_letters or stands(other.text, one.text)
        if (says or one.note_id == other.note_id) and stands(one.text, other.words):
            return whole
        if one.note_id == other.note_id:
            return sum(weight(part) for part in sentences(one.text) if stands(part, other.text))
        least = self._settings.least_standing
        found = sum(
            weight(mine) * here
            for mine, theirs in self._known.passages.get((one.note_id, other.note_id), ())
            if (here := containment(mine, one.text)) >= least and containment(theirs, other.words) >= least
        )
        return min(found, whole)


def _common(one: _Shown, other: _Shown) -> float:
    """Of two crops of one picture the share of the smaller that lies in the other; else all."""
    if one.region is None or other.region is None or one.image_ids != other.image_ids:
        return 1.0
    a, b = one.region, other.region
    wide = min(a["x1"], b["x1"]) - max(a["x0"], b["x0"])
    tall = min(a["y1"], b["y1"]) - max(a["y0"], b["y0"])
    smaller = min((r["x1"] - r["x0"]) * (r["y1"] - r["y0"]) for r in (a, b))
    return max(wide, 0.0) * max(tall, 0.0) / smaller if smaller > 0 else 0.0


def _untold(query: Item, candidate: Item) -> bool:
    """Whether one is a part of the other's note, and that note has a hole where a picture was."""
    return query["note_id"] == candidate["note_id"] and any(UNDESCRIBED in (i["text"] or "") for i in (query, candidate))
