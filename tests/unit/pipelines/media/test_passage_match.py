"""Passages in texts, whole and retyped."""

import random

import pytest

from pipelines.media.passage_match import containment, gram_size, without
from pipelines.media.text_fold import fold

ENGLISH = "Cut the spring onion finely and fry it in a little oil until it smells."
CHINESE = "全部放入瘦肉后用勺子来回两面翻转瘦肉块直至瘦肉块表面金黄"


def retyped(text, rate, rng):
    return "".join(rng.choice(["", c + "～", "✨", "的"]) if rng.random() < rate else c for c in text)


def test_a_passage_stands_in_a_text_whatever_its_case_width_and_punctuation():
    assert containment("Ｃut the SPRING onion", f"ok: {ENGLISH}") == 1.0
    assert containment(CHINESE, f"第一步：{CHINESE[:9]}，{CHINESE[9:]}。") == 1.0


@pytest.mark.parametrize("passage", [ENGLISH, CHINESE])
def test_a_passage_with_8_percent_retyped_keeps_about_half_of_its_grams(passage):
    rng = random.Random(1)
    shares = [containment(passage, "Before. " + retyped(passage, 0.08, rng) + " After.") for _ in range(200)]
    assert sum(shares) / 200 > 0.5
    assert sum(share >= 0.4 for share in shares) / 200 > 0.75


def test_little_of_a_passage_stands_in_another_text_of_its_language():
    assert containment(ENGLISH, "Wash the rice, then boil it in salted water until the grains are soft and serve.") < 0.15
    assert containment(CHINESE, "吐司夹着绵密的鸡蛋酱和咸香培根，口感软嫩又带着焦香，翻转两面煎至金黄") < 0.15


def test_a_word_shorter_than_a_gram_stands_whole_or_not_at_all():
    assert containment("rice", "Fried RICE!") == 1.0 and containment("rice", "bread") == 0.0
    assert containment("…!", "anything") == 0.0 and containment("", "") == 0.0


def test_without_leaves_the_rest_as_it_was():
    assert without("onion", "An Onion, two ONIONs.") == "An , two s."
    assert without("x", "") == "" and without("", "as it was") == "as it was"
    assert without("aa", "aaaaa b") == "a b"


def test_a_letter_that_folds_to_several_is_taken_whole():
    assert fold("ﬁn").letters == "fin" and fold("ﬁn").at == [0, 0, 1]
    assert without("fin", "ﬁn and more") == " and more"


def test_grams_are_of_the_script():
    assert gram_size("全部放入") == 4 and gram_size("abcdefgh") == 8
