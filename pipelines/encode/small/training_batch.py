"""A random training batch: pictures with copies, captions, notes and their lines."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from pipelines.encode.small.augmentations import mild, strong
from pipelines.encode.small.training_corpus import CaptionedPicture, TrainingNote
from pipelines.media.decode import Pixels
from small_encoder.hashed_text import Features, features, tokens

CHARACTERS = [chr(c) for c in range(0x4E00, 0x9FA6)]


@dataclass(frozen=True, slots=True)
class TrainingBatch:
    """Parallel lists: entry i of each list is about note i of the batch."""

    seen: list[Pixels]
    """A mildly edited copy of one picture of each note, then one of each dead-leaves picture."""
    copied: list[Pixels]
    """A strongly edited copy of the same pictures."""
    more: list[Pixels]
    """Another picture of the notes named in `more_of`."""
    more_of: list[int]
    captions: list[Features]
    """The picture's caption in one language."""
    translations: list[Features]
    """The caption in the other language, sometimes shortened."""
    lines: list[Features]
    """A line of the note."""
    texts: list[list[Features]]
    """Some of the note's lines, with or without the one of `lines`."""
    picture_form: list[str]
    """How the note contains its picture: "copy" (the strong copy), "words" (its caption), "nothing"."""
    random_texts: tuple[list[Features], list[Features]]
    """Random words, and the same with some changed: texts that share words get similar vectors, whatever they mean."""
    groups: list[str]
    """The picture's family and what it shows: equal ones are not negatives of each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSettings:
    """Settings of `training_batch`."""

    side: int
    """Of the pictures, pixels."""
    buckets: int
    """Of the hashed words."""
    longest: int = 64
    """Tokens of a text; of a longer one a random window."""
    pieces: int = 5
    """Lines of a note in a batch."""
    more: int = 24
    """Notes with a second picture, at most."""
    random_texts: int = 48
    """Pairs of random texts."""


def training_batch(
    notes: Sequence[TrainingNote], sheets: Sequence[Pixels], settings: BatchSettings, chance: Random
) -> TrainingBatch:
    """Draw a batch.

    Args:
        notes: each has a captioned picture.
        sheets: dead-leaves pictures, [h, w, 3].
        settings: sizes.
        chance: the random generator.
    """
    main = [chance.choice([s for s in n.pictures if s.en]) for n in notes]
    pictures = [s.pixels for s in main] + list(sheets)
    more_of = [i for i, n in enumerate(notes) if len(n.pictures) > 1][: settings.more]
    others = [chance.choice([s for s in notes[i].pictures if s is not main[i]]) for i in more_of]
    note_lines = [_some_lines(n.text, settings.pieces, chance) for n in notes]
    pairs = [_captions(s, chance) for s in main]
    random_pairs = [_random_pair(chance) for _ in range(settings.random_texts)]

    def hashed(texts: Sequence[str]) -> list[Features]:
        return [_window(features(t, settings.buckets, 400), settings.longest, chance) for t in texts]

    return TrainingBatch(
        seen=[mild(p, settings.side, chance) for p in pictures],
        copied=[strong(p, settings.side, chance) for p in pictures],
        more=[mild(s.pixels, settings.side, chance) for s in others],
        more_of=more_of,
        captions=hashed([a for a, _ in pairs]),
        translations=hashed([b for _, b in pairs]),
        lines=hashed([line for line, _ in note_lines]),
        texts=[hashed(rest) for _, rest in note_lines],
        picture_form=[chance.choice(("copy", "copy", "words", "nothing")) for _ in notes],
        random_texts=(hashed([a for a, _ in random_pairs]), hashed([b for _, b in random_pairs])),
        groups=[f"{s.family}|{s.en}" for s in main],
    )


def same_content(groups: Sequence[str]) -> np.ndarray:
    """Which two entries have the same picture or caption: [n, n] bool, the diagonal false."""
    families, captions = zip(*(g.split("|", 1) for g in groups), strict=True)
    same = np.equal.outer(np.array(families), np.array(families)) | np.equal.outer(np.array(captions), np.array(captions))
    return same & ~np.eye(len(groups), dtype=bool)


def _captions(shot: CaptionedPicture, chance: Random) -> tuple[str, str]:
    """Both captions in random order; the second with its clauses shuffled, or one of them left out."""
    pair = [shot.zh or "", shot.en or ""]
    chance.shuffle(pair)
    if chance.random() < 0.5:
        clauses = [c for c in re.split("[，。,.]", pair[1]) if c.strip()]
        chance.shuffle(clauses)
        pair[1] = ", ".join(clauses[:-1] if len(clauses) > 2 and chance.random() < 0.5 else clauses)
    return pair[0], pair[1]


def _some_lines(text: str, most: int, chance: Random) -> tuple[str, list[str]]:
    """A line of a note, and some others: with the line in half of the cases, so that it is not always contained verbatim."""
    lines = [line for line in text.split("\n") if tokens(line)] or [text]
    line = lines.pop(chance.randrange(len(lines)))
    kept = chance.sample(lines, min(most - 1, len(lines)))
    return line, [*kept, line] if not kept or chance.random() < 0.5 else kept


def _random_pair(chance: Random) -> tuple[str, str]:
    words = [_word(chance) for _ in range(chance.randrange(4, 40))]
    changed = [w if chance.random() < 0.75 else _word(chance) for w in words]
    cut = chance.randrange(len(words) // 2 + 1)
    changed = changed[cut:] if chance.random() < 0.5 else changed[: len(words) - cut]
    return " ".join(words), " ".join(changed)


def _word(chance: Random) -> str:
    """A random word of Chinese characters or letters; some are common, most are rare."""
    if chance.random() < 0.6:
        return "".join(CHARACTERS[int(len(CHARACTERS) * chance.random() ** 3)] for _ in range(chance.choice((1, 2, 2))))
    return "".join(chance.choice("aeionrtlsdcmpughbfykwv") for _ in range(chance.randrange(2, 9)))


def _window(rows: Features, most: int, chance: Random) -> Features:
    start = chance.randrange(len(rows) - most + 1) if len(rows) > most else 0
    return rows[start : start + most]
