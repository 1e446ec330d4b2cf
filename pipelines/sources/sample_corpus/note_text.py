"""Title and body of a note: an opening, captions of its pictures, tips and an ending."""

import re
from random import Random
from typing import NamedTuple

from pipelines.sources.sample_corpus import phrases
from pipelines.sources.sample_corpus.scenes.captions import Language, capital, caption, name, sentence
from pipelines.sources.sample_corpus.scenes.scene import Scene


class Wording(NamedTuple):
    """A note's own words."""

    title: str
    body: str
    tips: str
    """The one line of the body that others may quote: 40 characters or more."""


def wording(topic: str, scenes: list[Scene], language: Language, chance: Random) -> Wording:
    """A title and a body for a note with these scenes; each of them has its caption, in order."""
    tips = _tips(topic, language, chance)
    lines = [_opening(topic, language, chance), *_captions(scenes, language, chance), tips]
    if chance.random() < 0.7:
        lines += _ending(language, chance)
    return Wording(_title(topic, scenes, language, chance), "\n".join(lines), tips)


def slogan(topic: str, language: Language, chance: Random) -> str:
    """A few words for a sign."""
    return _numbered(chance.choice(phrases.TIPS[language][topic]), chance)


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
            f"{capital(first)} and {doing}",
            f"{kind.title()} diary {n}",
        ]
    return chance.choice(forms)


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
            sentence(f"{doing}, {at}: {felt}, {company}"),
            sentence(f"{doing} {company}, {at}; {felt}"),
            sentence(f"{felt}! {at}, {doing}, {company}"),
        )
    )


def _captions(scenes: list[Scene], language: Language, chance: Random) -> list[str]:
    """A line for each picture, or one line for all."""
    style = chance.randrange(3)
    captions = []
    for n, scene in enumerate(scenes, 1):
        mark = {"zh": (f"图{n}：", f"P{n} ", "📷"), "en": (f"Picture {n}: ", f"P{n} ", "📷 ")}[language][style]
        captions.append(mark + caption(scene, language, chance))
    if captions and style == 2 and chance.random() < 0.5:
        return ["".join(captions) if language == "zh" else " ".join(captions)]
    return captions


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


def _ending(language: Language, chance: Random) -> list[str]:
    """The hour, and a closing line that many notes share."""
    hour, minute = chance.randrange(6, 24), chance.randrange(60)
    if language == "en":
        return [f"At {hour}:{minute:02}", chance.choice(phrases.ENDINGS["en"])]
    if chance.random() < 0.25:
        return [f"@{chance.choice(phrases.NAMES)}{chance.choice(phrases.NAMES)}：{phrases.FAREWELL}"]
    return [f"{hour}:{minute:02}", chance.choice(phrases.ENDINGS["zh"])]


def _numbered(words: str, chance: Random) -> str:
    """`{2-9}` becomes a number from 2 to 9."""
    return re.sub(r"\{(\d+)-(\d+)\}", lambda m: str(chance.randint(int(m[1]), int(m[2]))), words)
