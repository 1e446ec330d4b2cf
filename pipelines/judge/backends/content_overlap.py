"""A judge without a model: the share of content that two items have in common, the paper's own definition of relevance.

Content is pictures and letters. A picture weighs 1, a text its letters / `letters_per_picture`. A
picture is shared if the other item has a picture of its family, is a text that was read in it or
describes it, or contains its description. A text is shared as a whole if the other item contains
it or it was read in the other item's pictures (a word or two do not count between different
notes); else the passages that mining found in both notes are shared; else, in parts of one note,
the sentences that both have. With w(x) the weight of an item and s(x, y) the weight of the content
of x that is in y:

    two notes:        (s(q, c) + s(c, q)) / (w(q) + w(c))
    part and whole:   max(s(q, c) / w(q), s(c, q) / w(c))

Why the first is exact on the lists of method.md, section 7: to N_B u {I_1..I_k} a picture of A is
added, so both s(c, q) and w(c) grow by 1 and s(q, c) does not shrink; (S + 1) / (W + 1) > S / W
while S < W. Repeated pictures are counted each, so it holds when copies of one picture lie in both
halves. N_B, which shares nothing, must rank before unrelated notes: two parts of one note get
`same_note` of what is missing to 1.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pyarrow as pa

from pipelines.items.failure_reasons import Reason
from pipelines.judge.backends.mined_content import MinedContent, contains, weight
from pipelines.judge.judge_context import JudgeContext
from pipelines.judge.judge_fingerprint import judge_model
from pipelines.judge.preset import JudgeSpec, prompt_hash
from pipelines.judge.prompt.question import BadPair
from pipelines.judge.protocol import NOTHING_TO_JUDGE, Judge, Picture, Sizes
from pipelines.judge.score_rows import PairOutcome, score_rows
from pipelines.media.passage_match import containment
from pipelines.media.sentences import sentences
from schemas.item import UNDESCRIBED

NOT_DESCRIBED = Reason.NOT_DESCRIBED
"""The note lacks the description of the query's picture, so content cannot tell whether they are relevant."""
ANNOTATION_TASKS = ("image_to_text", "text_to_image", "text_to_note", "image_to_ocr", "ocr_to_image", "ocr_to_note")
"""Tasks in which a text may be the annotation of a picture."""
Item = Mapping[str, Any]


def load(context: JudgeContext) -> Judge:
    """As `OverlapJudge`."""
    return OverlapJudge(context.spec, context.content)


class _ItemContent(NamedTuple):
    note_id: str
    image_ids: list[str]
    families: set[int | str]
    annotates: set[int | str]
    """Families of the pictures that the item's text was read in or describes."""
    region: Mapping[str, float] | None
    text: str
    all_text: str
    """The text, and the OCR texts and descriptions of its pictures."""


class OverlapJudge:
    """Compares mined content; reads no pictures."""

    def __init__(self, spec: JudgeSpec, content: MinedContent) -> None:
        """Keep the mined content of pictures and notes."""
        self._content, self._settings = content, spec.overlap
        self.model, self.prompt_hash = judge_model(spec, rules=__name__), prompt_hash(spec.question)

    def __call__(self, pairs: pa.Table, pictures: Mapping[str, Picture]) -> pa.Table:
        """SCORES; `pictures` is ignored. Cost: about 100 us a pair, most of it the flags of new texts."""
        return score_rows(pairs, [self._score(pair) for pair in pairs.to_pylist()])

    def tokens(self, pairs: pa.Table, sizes: Sizes) -> int:
        """0: no model is asked."""
        return 0

    def _score(self, pair: Mapping[str, Any]) -> PairOutcome:
        query, candidate = pair["query"], pair["candidate"]
        one, other = (self._item_content(item, pair["task"]) for item in (query, candidate))
        for role, content in (("query", one), ("candidate", other)):
            if not self._weight(content):
                return BadPair(NOTHING_TO_JUDGE, f"the {role} has neither a picture nor text")
        of_one, of_other = self._shared(one, other), self._shared(other, one)
        if pair["task"] == "note_to_note":
            share = (of_one + of_other) / (self._weight(one) + self._weight(other))
            return share + (1 - share) * (self._settings.same_note if one.note_id == other.note_id else 0.0)
        share = max(of_one / self._weight(one), of_other / self._weight(other))
        return share if share or not _lacks_description(query, candidate) else BadPair(NOT_DESCRIBED, query["note_id"])

    def _item_content(self, item: Item, task: str) -> _ItemContent:
        ids, mined = list(item["image_ids"] or []), self._content
        text = (item["text"] or "").replace(UNDESCRIBED, "")
        annotated = mined.annotated.get((item["note_id"], text), ()) if not ids and task in ANNOTATION_TASKS else ()
        return _ItemContent(
            note_id=item["note_id"],
            image_ids=ids,
            families={mined.families.get(i, i) for i in ids},
            annotates={mined.families.get(i, i) for i in annotated},
            region=item["region"] if item["kind"] == "crop" else None,
            text=text,
            all_text="\n".join(
                [text, *(t for i in ids for texts in (mined.ocr_texts, mined.descriptions) for t in texts.get(i, ()))]
            ),
        )

    def _weight(self, content: _ItemContent) -> float:
        return len(content.image_ids) + weight(content.text) / self._settings.letters_per_picture

    def _shared(self, one: _ItemContent, other: _ItemContent) -> float:
        """s(one, other)."""
        pictures = sum(self._shared_picture(i, one, other) for i in one.image_ids)
        return pictures + self._shared_letters(one, other) / self._settings.letters_per_picture

    def _shared_picture(self, image_id: str, one: _ItemContent, other: _ItemContent) -> float:
        """The share of a picture that the other item has, 0 to 1."""
        family = self._content.families.get(image_id, image_id)
        if family in other.families:
            return _common_region(one, other)
        descriptions = self._content.descriptions.get(image_id, ())
        return float(family in other.annotates or any(contains(other.text, description) for description in descriptions))

    def _shared_letters(self, one: _ItemContent, other: _ItemContent) -> float:
        """The weight of the part of a text that the other item has."""
        whole = weight(one.text)
        if not whole or one.annotates & (other.families | other.annotates):
            return whole
        long_enough = whole >= self._settings.min_letters or contains(one.text, other.text)
        if (long_enough or one.note_id == other.note_id) and contains(other.all_text, one.text):
            return whole
        if one.note_id == other.note_id:
            return sum(weight(part) for part in sentences(one.text) if contains(other.text, part))
        least = self._settings.min_ngram_overlap
        shared = sum(
            weight(passage) * share
            for passage, counterpart in self._content.passages.get((one.note_id, other.note_id), ())
            if (share := containment(passage, one.text)) >= least and containment(counterpart, other.all_text) >= least
        )
        return min(shared, whole)


def _common_region(one: _ItemContent, other: _ItemContent) -> float:
    """For two crops of one picture, the share of the smaller that is inside the other; else 1."""
    if one.region is None or other.region is None or one.image_ids != other.image_ids:
        return 1.0
    a, b = one.region, other.region
    width = min(a["x1"], b["x1"]) - max(a["x0"], b["x0"])
    height = min(a["y1"], b["y1"]) - max(a["y0"], b["y0"])
    smaller = min((r["x1"] - r["x0"]) * (r["y1"] - r["y0"]) for r in (a, b))
    return max(width, 0.0) * max(height, 0.0) / smaller if smaller > 0 else 0.0


def _lacks_description(query: Item, candidate: Item) -> bool:
    """Whether one is a part of the other's note, and that note lacks the description of a removed picture."""
    return query["note_id"] == candidate["note_id"] and any(UNDESCRIBED in (i["text"] or "") for i in (query, candidate))
