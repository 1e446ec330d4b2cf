"""Folding against the standard library's own normalisation of the whole text."""

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from pipelines.mining.text.normalise import fold

ORDINARY = st.text(st.sampled_from("aB3 4，。好吃ｶﾞガé\u0301Ａ①½ﬁ한\u1100\u1161\u11a8✨❤\ufe0f\u200d👍\n"), max_size=60)
ANY = st.text(max_size=60)


def by_hand(text):
    """Letters and numbers of the whole text's NFKC, case fold, NFKC; runs of digits as one 0."""
    whole = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = "".join(c for c in whole if c != "\ufe0f" and unicodedata.category(c)[0] in "LNM")
    return re.sub(r"\d+", "0", kept)


@given(ORDINARY)
def test_folds_as_the_whole_text_would_be(text):
    assert fold([text]).text(0) == by_hand(text)


@given(ANY)
def test_positions_are_in_order_and_inside_the_text(text):
    folded = fold([text])
    spans = list(zip(folded.starts.tolist(), folded.ends.tolist(), strict=True))
    assert all(0 <= s < e <= len(text) for s, e in spans)
    assert spans == sorted(spans)


@given(ANY)
def test_keeps_letters_numbers_and_their_marks_only(text):
    folded = fold([text]).text(0)
    assert {unicodedata.category(c)[0] for c in folded} <= {"L", "N", "M"}
    assert "00" not in folded


@given(ANY, ANY)
def test_case_and_punctuation_do_not_matter(left, right):
    assert fold([f"{left}, {right}".swapcase().casefold()]).text(0) == fold([f"{left}。{right}".casefold()]).text(0)
