"""The words of a note: what its pictures show, said in Chinese or English, between a story, some tips and a farewell."""

import re
from random import Random
from typing import Literal, NamedTuple

from pipelines.sample import phrases
from pipelines.sample.scene import Scene, Thing
from pipelines.sample.shapes import KINDS

Language = Literal["zh", "en"]


class Wording(NamedTuple):
    """A note's own words."""

    title: str
    body: str
    tips: str
    """The one line of the body that others may quote: 40 characters or more."""


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
    """What the picture shows, in full: hour, ground, and each thing with its place.

    >>> cup = Scene("", "", "kitchen", "wood", "noon", "wide", (Thing("mug", "red", 2, "left"),), (360, 480))
    >>> description(cup, "en")
    'Two red mugs on the left, at noon on bare wood.'
    >>> description(cup, "zh")
    '正午，木桌面上，左边是两只红色马克杯。'
    """
    said = _things(scene, language)
    light, surface = phrases.LIGHTS[language][scene.light], phrases.SURFACES[language][scene.surface]
    if language == "zh":
        return f"{light}，{surface}上，{said}。"
    return _sentence(f"{said}, {light} on {surface}")


def wording(topic: str, scenes: list[Scene], language: Language, chance: Random) -> Wording:
    """A title and a body for a note with these pictures (or with none that can be told); every one is told, in order."""
    tips = _tips(topic, language, chance)
    lines = [_opening(topic, language, chance), *_captions(scenes, language, chance), tips]
    if chance.random() < 0.7:
        lines += _ending(language, chance)
    return Wording(_title(topic, scenes, language, chance), "\n".join(lines), tips)


def _ending(language: Language, chance: Random) -> list[str]:
    """The hour, and a line that many notes end with."""
    hour, minute = chance.randrange(6, 24), chance.randrange(60)
    if language == "en":
        return [f"At {hour}:{minute:02}", chance.choice(phrases.ENDINGS["en"])]
    if chance.random() < 0.25:
        return [f"@{chance.choice(phrases.NAMES)}{chance.choice(phrases.NAMES)}：{phrases.FAREWELL}"]
    return [f"{hour}:{minute:02}", chance.choice(phrases.ENDINGS["zh"])]


def slogan(topic: str, language: Language, chance: Random) -> str:
    """A few words for a sign."""
    return _numbered(chance.choice(phrases.TIPS[language][topic]), chance)


def _things(scene: Scene, language: Language) -> str:
    said = []
    for thing in scene.things:
        what, place = name(thing, language), phrases.PLACES[language][thing.place]
        if scene.view == "close":
            said.append(f"近看{what}" if language == "zh" else f"{what} seen from near")
        else:
            said.append(f"{place}是{what}" if language == "zh" else f"{what} {place}")
    return ("，" if language == "zh" else ", ").join(said)


def _told(scene: Scene, language: Language, chance: Random) -> str:
    """The picture as people tell it: an adjective here and there, the order as it comes, not always the hour."""
    said = [_mention(t, scene.view == "close", language, chance) for t in scene.things]
    chance.shuffle(said)
    words = said[0] + "".join(chance.choice(phrases.LINKS[language]) + more for more in said[1:])
    if chance.random() < 0.55:
        words = chance.choice(_SETTINGS[language]).format(
            words=words,
            hour=phrases.LIGHTS[language][scene.light].removeprefix("in the ").removeprefix("at "),
            ground=chance.choice(phrases.CLEAN[language]) + phrases.SURFACES[language][scene.surface].split(" ")[-1],
        )
    return f"{words}。" if language == "zh" else f"{_capital(words)}."


_SETTINGS = {
    "zh": ("{hour}，{ground}上，{words}", "{words}，{ground}上，{hour}拍的", "{hour}的{ground}上，{words}"),
    "en": ("{hour}, {ground}: {words}", "{words}, on {ground}, {hour} light", "on {ground} ({hour}), {words}"),
}


def _mention(thing: Thing, near: bool, language: Language, chance: Random) -> str:
    look, place = chance.choice(phrases.LOOKS[language]), phrases.PLACES[language][thing.place]
    if language == "zh":
        what = name(thing, "zh")
        if chance.random() < 0.4:
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
    return chance.choice((f"{looked} {place}", f"{short}: {looked}", f"{place} {looked}"))


def _sentence(words: str) -> str:
    return f"{_capital(words)}."


def _numbered(words: str, chance: Random) -> str:
    """`{2-9}` becomes a number from 2 to 9."""
    return re.sub(r"\{(\d+)-(\d+)\}", lambda m: str(chance.randint(int(m[1]), int(m[2]))), words)


def _title(topic: str, scenes: list[Scene], language: Language, chance: Random) -> str:
    first = name(chance.choice(scenes[0].things), language) if scenes else chance.choice(phrases.HEADS[language]).lower()
    emoji = chance.choice(phrases.EMOJI[topic].replace("\ufe0f", ""))
    kind, doing = phrases.TOPIC_NAMES[language][topic], chance.choice(phrases.DOING[language][topic])
    n = chance.randrange(2, 99)
    if language == "zh":
        forms = [
            f"{emoji}{kind}一角｜{first}",
            f"{doing}第{n}天，{first}",
            f"{first}，{kind}真好看{emoji}",
            f"{kind}日记{n}：{doing}",
        ]
    else:
        forms = [
            f"{emoji} {kind.title()}: {first}",
            f"Day {n} of {doing} {emoji}",
            f"{_capital(first)} and {doing}",
            f"{kind.title()} diary {n}",
        ]
    return chance.choice(forms)


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def _opening(topic: str, language: Language, chance: Random) -> str:
    when, felt = chance.choice(phrases.WHEN[language]), _numbered(chance.choice(phrases.FELT[language]), chance)
    company, doing = chance.choice(phrases.WITH[language]), chance.choice(phrases.DOING[language][topic])
    hour, minute = chance.randrange(6, 23), chance.randrange(60)
    if language == "zh":
        at = f"{when}{hour}点{minute:02}分"
        return chance.choice(
            (f"{at}，{company}{doing}，{felt}。", f"{felt}！{at}{doing}，{company}。", f"{company}{doing}｜{at}，{felt}")
        )
    at = f"{when} {hour}:{minute:02}"
    return chance.choice(
        (
            _sentence(f"{at}, {doing} {company}: {felt}"),
            _sentence(f"{doing} {company}, {at}; {felt}"),
            _sentence(f"{felt}! {at}, {doing}, {company}"),
        )
    )


def _captions(scenes: list[Scene], language: Language, chance: Random) -> list[str]:
    """A line for each picture, or one line for all."""
    style = chance.randrange(3)
    said = []
    for n, scene in enumerate(scenes, 1):
        mark = {"zh": (f"图{n}：", f"P{n} ", "📷"), "en": (f"Picture {n}: ", f"P{n} ", "📷 ")}[language][style]
        said.append(mark + _told(scene, language, chance))
    if said and style == 2 and chance.random() < 0.5:
        return ["".join(said) if language == "zh" else " ".join(said)]
    return said


def _tips(topic: str, language: Language, chance: Random) -> str:
    """Four to seven hints with numbers, joined to one line."""
    line = f"{chance.choice(phrases.HEADS[language])}{'：' if language == 'zh' else ': '}"
    for k, hint in enumerate(chance.sample(phrases.TIPS[language][topic], chance.randrange(4, 8))):
        joint = chance.choice(phrases.JOINTS[language]) if k else ""
        line += joint + _numbered(hint, chance)
        if chance.random() < 0.3:
            aside = _numbered(chance.choice(phrases.ASIDES[language]), chance)
            line += f"（{aside}）" if language == "zh" else f" ({aside})"
    return line + ("。" if language == "zh" else ".")
