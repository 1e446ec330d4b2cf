"""Fingerprints are few, the same everywhere, and chosen as a plain reading of the definition chooses them."""

import hashlib

import numpy as np
import pytest

from pipelines.mining.text.normalise import fold
from pipelines.mining.text.winnowing import grams, linked, widths, winnowed

TEXTS = [
    "the quick brown fox jumps over the lazy dog",
    "红烧肉的做法是先把五花肉切成小块",
    "mixed 中文 and English 文字 together",
    "",
    "a",
    "好",
]


def test_counts_a_wide_character_as_two_columns():
    folded = fold(["a好éガ한0"])
    assert widths(folded.codes).tolist() == [1, 2, 1, 2, 2, 1]


@pytest.mark.parametrize("columns", [1, 4, 16])
def test_ends_a_gram_where_it_is_wide_enough(columns):
    folded = fold(TEXTS)
    result = grams(folded.codes, folded.bounds, columns)
    wide = widths(folded.codes)
    for i in range(len(folded.codes)):
        end = folded.bounds[result.owner[i] + 1]
        sums = [int(wide[i:e].sum()) for e in range(i, end + 1)]
        assert result.whole[i] == (sums[-1] >= columns)
        if result.whole[i]:
            assert result.ends[i] == i + next(n for n, s in enumerate(sums) if s >= columns)


def test_equal_grams_hash_alike_and_others_do_not():
    folded = fold(["abcabcabd", "xabc"])
    result = grams(folded.codes, folded.bounds, 3)
    spelled = ["".join(map(chr, folded.codes[i : result.ends[i]])) for i in range(len(folded.codes)) if result.whole[i]]
    hashes = result.hashes[result.whole].tolist()
    assert len(set(spelled)) == len(set(hashes)) == len(set(zip(spelled, hashes, strict=True)))


def test_hashes_are_the_same_in_every_process():
    folded = fold(TEXTS)
    result = winnowed(grams(folded.codes, folded.bounds, 8), 4).values
    assert hashlib.sha256(result.tobytes()).hexdigest()[:16] == "670fa8e0a5341c55"


@pytest.mark.parametrize("window", [1, 2, 5])
def test_chooses_the_rightmost_smallest_gram_of_each_window(window):
    folded = fold(TEXTS)
    result = grams(folded.codes, folded.bounds, 4)
    chosen = winnowed(result, window)
    expected = set()
    for b in range(len(TEXTS)):
        places = [i for i in range(folded.bounds[b], folded.bounds[b + 1]) if result.whole[i]]
        for s in range(max(1, len(places) - window + 1)) if places else []:
            least = min(result.hashes[i] for i in places[s : s + window])
            expected.add(max(i for i in places[s : s + window] if result.hashes[i] == least))
    assert {(int(o), int(v)) for o, v in zip(chosen.owner, chosen.values, strict=True)} == {
        (int(result.owner[i]), int(result.hashes[i].view(np.int64))) for i in expected
    }


def test_keeps_a_fingerprint_once_per_text():
    folded = fold(["哈" * 5000, "哈" * 300])
    for chosen in (
        winnowed(grams(folded.codes, folded.bounds, 16), 7),
        linked(grams(folded.codes, folded.bounds, 4), 8, 3),
    ):
        assert chosen.owner.tolist() == [0, 1]
        assert len(set(chosen.values.tolist())) == 1


def test_a_link_stands_an_edit_that_no_gram_of_its_width_stands():
    a, b = "abcdefghij", "abcdeXghij"
    folded = fold([a, b])
    link = linked(grams(folded.codes, folded.bounds, 4), 8, 1)
    gram = winnowed(grams(folded.codes, folded.bounds, 8), 1)
    shared = [set(c.values[c.owner == 0].tolist()) & set(c.values[c.owner == 1].tolist()) for c in (link, gram)]
    assert shared[0]
    assert not shared[1]
