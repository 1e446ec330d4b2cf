"""The judge without a model: the share of content that two items have in common, which is the paper's own relevance.

Content is pictures and letters. A picture weighs 1 and is shared when the other item shows a
picture of its family, or says in its text what an annotator said of the picture; a text weighs its
letters / `letters_per_picture`, and its share is `share.shared_letters`. With w(x) the weight of an
item and s(x, y) the weight of what of x is found in y:

    two notes:        (s(q, c) + s(c, q)) / (w(q) + w(c))
    part and whole:   max(s(q, c) / w(q), s(c, q) / w(c))

Why the first is exact on the lists of METHOD.md, section 7: to N_B u {I_1..I_k} a picture of A is
added, so both s(c, q) and w(c) grow by 1 and s(q, c) does not shrink; (S + 1) / (W + 1) > S / W
while S < W. Repeated pictures are counted each, so it holds when copies of one picture lie in both
halves. Behind N_B, which shares nothing, stands noise: two parts of one note have `same_note` of
what is left to 1.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import pyarrow as pa

from pipelines.judge.fingerprint import named
from pipelines.judge.judge import NOTHING, Picture, Sizes
from pipelines.judge.question import BadPair
from pipelines.judge.rows import Said, score_rows
from pipelines.judge.share import shared_letters, weight
from pipelines.judge.spec import JudgeSpec, prompt_hash
from schemas.item import UNDESCRIBED

NOT_DESCRIBED = "its picture was taken out, and no description put in"
"""A note without the picture that asks says nothing of it; whether it was meant to, content cannot tell."""
Item = Mapping[str, Any]
Families = Mapping[str, int]
Said_of = Mapping[str, Sequence[str]]


class _Shown(NamedTuple):
    kind: str
    image_ids: list[str]
    families: set[int | str]
    region: Mapping[str, float] | None
    text: str
    heard: str
    """What annotators said of its pictures."""


class OverlapJudge:
    """Counts. Pictures are not looked at."""

    def __init__(self, spec: JudgeSpec, families: Families, said: Said_of = MappingProxyType({})) -> None:
        """Keep what is known of the pictures.

        Args:
            spec: its settings.
            families: image_id -> family: pictures that are copies or crops of each other have one number. A picture that
                is not in it is a family of its own.
            said: image_id -> texts that were read or described in it.
        """
        self._spec, self._families, self._said = spec, families, said
        self.model, self.prompt_hash = named(spec), prompt_hash(spec.question)

    def __call__(self, pairs: pa.Table, pictures: Mapping[str, Picture]) -> pa.Table:
        """SCORES; `pictures` is not looked at. Cost: some 50 us a pair, more with long texts that are new."""
        return score_rows(pairs, [self._judged(pair) for pair in pairs.to_pylist()])

    def tokens(self, pairs: pa.Table, sizes: Sizes) -> int:
        """None."""
        return 0

    def _judged(self, pair: Mapping[str, Any]) -> Said:
        query, candidate = pair["query"], pair["candidate"]
        one, other = self._shown(query), self._shown(candidate)
        for role, shown in (("query", one), ("candidate", other)):
            if not self._weight(shown):
                return BadPair(NOTHING, f"the {role} ({shown.kind}) has neither a picture nor a letter")
        there, back = self._shared(one, other), self._shared(other, one)
        if pair["task"] != "note_to_note":
            found = max(there / self._weight(one), back / self._weight(other))
            return found if found or not _untold(query, candidate) else BadPair(NOT_DESCRIBED, query["note_id"])
        found = (there + back) / (self._weight(one) + self._weight(other))
        bonus = self._spec.overlap.same_note if query["note_id"] == candidate["note_id"] else 0.0
        return found + (1 - found) * bonus

    def _shown(self, item: Item) -> _Shown:
        ids = list(item["image_ids"] or [])
        return _Shown(
            item["kind"],
            ids,
            {self._families.get(i, i) for i in ids},
            item["region"] if item["kind"] == "crop" else None,
            (item["text"] or "").replace(UNDESCRIBED, ""),
            "\n".join(text for i in ids for text in self._said.get(i, ())),
        )

    def _weight(self, shown: _Shown) -> float:
        return len(shown.image_ids) + weight(shown.text) / self._spec.overlap.letters_per_picture

    def _shared(self, one: _Shown, other: _Shown) -> float:
        """s(one, other)."""
        text = weight(one.text) / self._spec.overlap.letters_per_picture
        found = self._letters(one.text, f"{other.text}\n{other.heard}") if text else 0.0
        return text * found + sum(self._picture(i, one, other) for i in one.image_ids)

    def _picture(self, image_id: str, one: _Shown, other: _Shown) -> float:
        """How much of a picture the other item has, 0 to 1."""
        if self._families.get(image_id, image_id) in other.families:
            return _common(one, other)
        heard = [self._letters(text, other.text) for text in self._said.get(image_id, ())] if other.text else []
        return max(heard, default=0.0)

    def _letters(self, text: str, other: str) -> float:
        settings = self._spec.overlap
        return shared_letters(text, other, settings.wide_run, settings.narrow_run)


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
