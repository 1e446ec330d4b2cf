"""A note's words tell its pictures, in the note's language."""

import re

import pytest

from pipelines.sources.sample_corpus import phrases
from pipelines.sources.sample_corpus.note_text import slogan, wording
from pipelines.sources.sample_corpus.scenes.captions import description, name
from pipelines.sources.sample_corpus.scenes.object_shapes import KINDS
from pipelines.sources.sample_corpus.scenes.scene import TOPICS, Scene, Thing, story
from pipelines.sources.sample_corpus.seeded_random import dice

SCENE = Scene(
    "k", "h", "garden", "grass", "dusk", "wide", (Thing("tulip", "orange", 1, "left"), Thing("mug", "red", 3, "right")), (9, 9)
)


def test_describes_a_picture_in_both_languages():
    assert description(SCENE, "en") == "An orange tulip on the left, three red mugs on the right, at dusk on the grass."
    assert description(SCENE, "zh") == "黄昏，草地上，左边是一枝橙色郁金香，右边是三只红色马克杯。"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_body_tells_every_thing_of_every_picture_with_colour_and_place(language):
    for number in range(80):
        scenes = story(dice(1, number), "n", sorted(TOPICS)[number % 8], 3)
        words = wording(scenes[0].topic, scenes, language, dice(2, number))
        for scene in scenes:
            for thing in scene.things:
                kind = KINDS[thing.kind]
                noun = kind.zh if language == "zh" else (kind.en if thing.count == 1 else kind.plural)
                colour = phrases.COLOURS[language][thing.colour]
                assert (
                    f"{colour}{noun}" in words.body.replace(" ", "") if language == "zh" else f"{colour} {noun}" in words.body
                )
                if scene.view == "wide":
                    place = phrases.PLACES[language][thing.place].split(" ")[-1]
                    assert place in words.body.lower()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_texts_have_the_length_of_real_ones_and_quotable_tips(language):
    for number in range(80):
        scenes = story(dice(3, number), "n", sorted(TOPICS)[number % 8], 1 + number % 5)
        words = wording(scenes[0].topic, scenes, language, dice(4, number))
        assert 5 <= len(words.title) <= 60
        assert 50 <= len(words.body) <= 1000
        assert words.tips in words.body.split("\n")
        assert len(words.tips) >= 30
        assert "{" not in words.body and "}" not in words.body
        assert "" not in words.body.split("\n")


def test_a_note_whose_picture_words_cannot_tell_has_words_all_the_same():
    words = wording("pets", [], "zh", dice(0, "x"))
    assert words.tips in words.body
    assert not re.search(r"图1|P1|📷", words.body)


def test_a_sign_holds_a_hint_with_its_number():
    signs = {slogan("travel", "en", dice(0, n)) for n in range(60)}
    assert len(signs) > 20
    assert not any("{" in sign for sign in signs)


def test_says_how_many_with_the_measure_word_of_the_kind():
    assert name(Thing("car", "white", 2, "left"), "zh") == "两辆白色小汽车"
    assert name(Thing("bench", "blue", 4, "left"), "en") == "four blue benches"
