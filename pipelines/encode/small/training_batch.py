"""One training batch: pictures with copies, captions, notes and their lines, drawn by a seed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from pipelines.encode.small.augmentations import mild, strong
from pipelines.encode.small.training_corpus import Shot, Told
from pipelines.media.decode import Pixels
from small_encoder.hashed_text import Features, features, tokens

CHARACTERS = [chr(c) for c in range(0x4E00, 0x9FA6)]


@dataclass(frozen=True, slots=True)
class Lesson:
    """Parallel lists: entry i of each list is about note i of the batch."""

    seen: list[Pixels]
    """A mild copy of one picture of each note, then one of each sheet of leaves."""
    copied: list[Pixels]
    """A strong copy of the same pictures."""
    more: list[Pixels]
    """Another picture of the notes named in `more_of`."""
    more_of: list[int]
    captions: list[Features]
    """What the picture shows, in one language."""
    translations: list[Features]
    """The same in the other, cut short now and then."""
    lines: list[Features]
    """A line of the note."""
    texts: list[list[Features]]
    """Some of the note's lines, with or without that one."""
    shown_by: list[str]
    """How the note shows its picture: "copy" (the strong copy), "words" (its caption), "nothing"."""
    scribbles: tuple[list[Features], list[Features]]
    """Words by chance, and the same with some changed: texts that share words lie close, whatever they say."""
    groups: list[str]
    """The picture's family and what it shows: equal ones are no negatives of each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Settings of `lesson`."""

    side: int
    """Of the pictures, pixels."""
    buckets: int
    longest: int = 64
    """Tokens of a piece of text: a window of a longer one."""
    pieces: int = 5
    """Lines of a note that are read in training."""
    more: int = 24
    """Notes at most that show a second picture."""
    scribbles: int = 48


def lesson(notes: Sequence[Told], sheets: Sequence[Pixels], settings: Draw, chance: Random) -> Lesson:
    """A batch of notes that have a captioned picture, and of sheets.

    Args:
        notes: each has a shot with a caption.
        sheets: pictures without words, [h, w, 3].
        settings: how large everything is.
        chance: where all randomness comes from.
    """
    chosen = [chance.choice([s for s in n.shots if s.en]) for n in notes]
    pictures = [s.pixels for s in chosen] + list(sheets)
    more_of = [i for i, n in enumerate(notes) if len(n.shots) > 1][: settings.more]
    others = [chance.choice([s for s in notes[i].shots if s is not chosen[i]]) for i in more_of]
    halves = [_told(n.text, settings.pieces, chance) for n in notes]
    pairs = [_captions(s, chance) for s in chosen]
    scribbled = [_scribble(chance) for _ in range(settings.scribbles)]

    def read(texts: Sequence[str]) -> list[Features]:
        return [_window(features(t, settings.buckets, 400), settings.longest, chance) for t in texts]

    return Lesson(
        seen=[mild(p, settings.side, chance) for p in pictures],
        copied=[strong(p, settings.side, chance) for p in pictures],
        more=[mild(s.pixels, settings.side, chance) for s in others],
        more_of=more_of,
        captions=read([a for a, _ in pairs]),
        translations=read([b for _, b in pairs]),
        lines=read([line for line, _ in halves]),
        texts=[read(rest) for _, rest in halves],
        shown_by=[chance.choice(("copy", "copy", "words", "nothing")) for _ in notes],
        scribbles=(read([a for a, _ in scribbled]), read([b for _, b in scribbled])),
        groups=[f"{s.family}|{s.en}" for s in chosen],
    )


def same(groups: Sequence[str]) -> np.ndarray:
    """Which two entries show one picture or say one thing: [n, n] bool, the diagonal false."""
    families, said = zip(*(g.split("|", 1) for g in groups), strict=True)
    alike = np.equal.outer(np.array(families), np.array(families)) | np.equal.outer(np.array(said), np.array(said))
    return alike & ~np.eye(len(groups), dtype=bool)


def _captions(shot: Shot, chance: Random) -> tuple[str, str]:
    """Both languages in either order; the second with its clauses shuffled, or one of them gone."""
    pair = [shot.zh or "", shot.en or ""]
    chance.shuffle(pair)
    if chance.random() < 0.5:
        clauses = [c for c in re.split("[，。,.]", pair[1]) if c.strip()]
        chance.shuffle(clauses)
        pair[1] = ", ".join(clauses[:-1] if len(clauses) > 2 and chance.random() < 0.5 else clauses)
    return pair[0], pair[1]


def _told(text: str, most: int, chance: Random) -> tuple[str, list[str]]:
    """A line of a note, and some others: with the line in half of the cases, so that it is not always found word for word."""
    lines = [line for line in text.split("\n") if tokens(line)] or [text]
    line = lines.pop(chance.randrange(len(lines)))
    kept = chance.sample(lines, min(most - 1, len(lines)))
    return line, [*kept, line] if not kept or chance.random() < 0.5 else kept


def _scribble(chance: Random) -> tuple[str, str]:
    words = [_word(chance) for _ in range(chance.randrange(4, 40))]
    changed = [w if chance.random() < 0.75 else _word(chance) for w in words]
    cut = chance.randrange(len(words) // 2 + 1)
    changed = changed[cut:] if chance.random() < 0.5 else changed[: len(words) - cut]
    return " ".join(words), " ".join(changed)


def _word(chance: Random) -> str:
    """Chinese characters or letters; some are common, most are rare."""
    if chance.random() < 0.6:
        return "".join(CHARACTERS[int(len(CHARACTERS) * chance.random() ** 3)] for _ in range(chance.choice((1, 2, 2))))
    return "".join(chance.choice("aeionrtlsdcmpughbfykwv") for _ in range(chance.randrange(2, 9)))


def _window(rows: Features, most: int, chance: Random) -> Features:
    start = chance.randrange(len(rows) - most + 1) if len(rows) > most else 0
    return rows[start : start + most]
