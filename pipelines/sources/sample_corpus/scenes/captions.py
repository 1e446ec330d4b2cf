"""Captions of scenes in Chinese or English."""

from random import Random
from typing import Literal

from pipelines.sources.sample_corpus import phrases
from pipelines.sources.sample_corpus.scenes.object_shapes import KINDS
from pipelines.sources.sample_corpus.scenes.scene import Scene, Thing

Language = Literal["zh", "en"]


def name(thing: Thing, language: Language) -> str:
    """How many of what, in what colour.

    >>> name(Thing("mug", "red", 2, "left"), "en"), name(Thing("mug", "red", 2, "left"), "zh")
    ('two red mugs', '两只红色马克杯')
    """
    kind, colour = KINDS[thing.kind], phrases.COLOURS[language][thing.colour]
    count = phrases.COUNTS[language][thing.count]
    if language == "zh":
        return f"{count}{kind.measure}{colour}{kind.zh}"
    if thing.count > 1:
        return f"{count} {colour} {kind.plural}"
    return f"{'an' if colour[0] in 'aeiou' else 'a'} {colour} {kind.en}"


def description(scene: Scene, language: Language) -> str:
    """The full description of a scene: hour, ground, and each thing with its place.

    >>> cup = Scene("", "", "kitchen", "wood", "noon", "wide", (Thing("mug", "red", 2, "left"),), (360, 480))
    >>> description(cup, "en")
    'Two red mugs on the left, at noon on bare wood.'
    >>> description(cup, "zh")
    '正午，木桌面上，左边是两只红色马克杯。'
    """
    things = _things(scene, language)
    light, surface = phrases.LIGHTS[language][scene.light], phrases.SURFACES[language][scene.surface]
    if language == "zh":
        return f"{light}，{surface}上，{things}。"
    return sentence(f"{things}, {light} on {surface}")


def caption(scene: Scene, language: Language, chance: Random) -> str:
    """A caption as people write it: some adjectives, any order, not always the hour."""
    mentions = [_mention(t, scene.view == "close", language, chance) for t in scene.things]
    chance.shuffle(mentions)
    words = mentions[0] + "".join(chance.choice(phrases.LINKS[language]) + more for more in mentions[1:])
    if chance.random() < 0.55:
        words = chance.choice(_SETTINGS[language]).format(
            words=words,
            hour=phrases.LIGHTS[language][scene.light].removeprefix("in the ").removeprefix("at "),
            ground=chance.choice(phrases.CLEAN[language]) + phrases.SURFACES[language][scene.surface].split(" ")[-1],
        )
    return f"{words}。" if language == "zh" else f"{capital(words)}."


_SETTINGS = {
    "zh": ("{hour}，{ground}上，{words}", "{words}，{ground}上，{hour}拍的", "{hour}的{ground}上，{words}"),
    "en": ("{hour}, {ground}: {words}", "{words}, on {ground}, {hour} light", "on {ground} ({hour}), {words}"),
}


def _mention(thing: Thing, near: bool, language: Language, chance: Random) -> str:
    look, place = chance.choice(phrases.LOOKS[language]), phrases.PLACES[language][thing.place]
    if language == "zh":
        what = name(thing, "zh")
        if chance.random() < 0.65:
            measured = phrases.COUNTS["zh"][thing.count] + KINDS[thing.kind].measure
            what = measured + look + what.removeprefix(measured)
        return (
            chance.choice((f"近看{what}", f"{what}特写"))
            if near
            else chance.choice((f"{place}是{what}", f"{what}在{place}", f"{place}{what}"))
        )
    what = name(thing, "en")
    article, rest = what.split(" ", 1)
    article = ("an" if look[0] in "aeiou" else "a") if thing.count == 1 else article
    looked = f"{article} {look} {rest}"
    if near:
        return chance.choice((f"{looked} up close", f"a close look at {looked}"))
    short = place.removeprefix("on the ").removeprefix("in the ")
    return chance.choice((f"{looked} {place}", f"{short}: {looked}", f"{looked} ({short})"))


def _things(scene: Scene, language: Language) -> str:
    mentions = []
    for thing in scene.things:
        what, place = name(thing, language), phrases.PLACES[language][thing.place]
        if scene.view == "close":
            mentions.append(f"近看{what}" if language == "zh" else f"{what} seen from near")
        else:
            mentions.append(f"{place}是{what}" if language == "zh" else f"{what} {place}")
    return ("，" if language == "zh" else ", ").join(mentions)


def sentence(words: str) -> str:
    """The words with a capital and a full stop."""
    return f"{capital(words)}."


def capital(words: str) -> str:
    """The words with a capital."""
    return words[0].upper() + words[1:]
