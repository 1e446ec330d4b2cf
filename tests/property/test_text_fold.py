"""The scalar fold, the fold with places and mining's fold of batches agree where no mark combines."""

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from pipelines.media.text_fold import cased_letters, fold, letters
from pipelines.mining.text import normalise

ALPHABET = "aZéßﬁＡｂ０7½²Ⅳ①红锅ｶガ한Ω ,.!？。～\n✨🍜👩‍💻%"
TEXTS = st.lists(st.text(ALPHABET, max_size=40), min_size=1, max_size=5)


@given(TEXTS)
def test_all_forms_of_the_fold_agree(texts):
    batch = normalise.fold(texts)
    for b, text in enumerate(texts):
        assert fold(text).letters == letters(text)
        assert batch.text(b) == re.sub(r"\d+", "0", letters(text))


@given(st.text(max_size=60))
def test_every_letter_has_the_place_of_its_character(text):
    folded = fold(text)
    assert all(letter in letters(text[at]) for letter, at in zip(folded.letters, folded.at, strict=True))
    assert folded.at == sorted(folded.at)


@given(st.text(max_size=60))
def test_cased_letters_of_a_composed_text_are_its_letters(text):
    assert letters(text) == cased_letters(unicodedata.normalize("NFKC", text))
