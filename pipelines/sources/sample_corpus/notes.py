"""The sample's notes: original ones, and those that take a picture or a passage from another."""

from dataclasses import replace
from random import Random
from typing import NamedTuple

from pipelines.sources.sample_corpus.note_text import wording
from pipelines.sources.sample_corpus.picture_files import (
    SamplePicture,
    decoded,
    edited_copy,
    encoded,
    frames,
    scene_picture,
    text_page,
)
from pipelines.sources.sample_corpus.repost_edits import CROP_AREAS, Edit, cropped, retyped
from pipelines.sources.sample_corpus.scenes.captions import Language
from pipelines.sources.sample_corpus.scenes.scene import TOPICS, story, with_other_colour
from pipelines.sources.sample_corpus.seeded_random import dice, name_of

EDIT_RATES = (0.0, 0.03, 0.08)
"""Shares of a quote's characters that are changed."""


class SampleNote(NamedTuple):
    """One note before its likes and its author."""

    note_id: str
    language: Language
    topic: str
    title: str
    body: str
    tips: str
    pictures: tuple[SamplePicture, ...]
    note_type: str = "image"


def own_note(number: int, seed: int) -> SampleNote:
    """An original note; some pictures have a title or a sign or are a page of words, some notes are a video's frames."""
    chance, note_id = dice(seed, "note", number), name_of("n", seed, "note", number)
    topic, language = sorted(TOPICS)[number % len(TOPICS)], _language(chance)
    video = chance.random() < 0.04
    scenes = story(chance, note_id, topic, 1 if video else chance.choice((1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5)))
    words = wording(topic, scenes, language, chance)
    if video:
        return SampleNote(note_id, language, topic, *words, frames(note_id, scenes[0], seed), "video")
    pictures = [
        scene_picture(f"{note_id}_{n}", s, seed, words.title if n == 0 else None, language) for n, s in enumerate(scenes)
    ]
    if len(pictures) < 6 and chance.random() < 0.12:
        pictures.append(text_page(f"{note_id}_{len(pictures)}", scenes[0], words, seed))
    return SampleNote(note_id, language, topic, *words, tuple(pictures))


def repost(number: int, donor: SampleNote, edit: Edit, seed: int) -> SampleNote:
    """A note with an edited copy of one of the donor's pictures, and sometimes a picture of its own."""
    chance, note_id = dice(seed, "repost", number), name_of("n", seed, "repost", number)
    language = _language(chance)
    source = chance.choice(copiable(donor, edit.keeps_text))
    copy = edited_copy(f"{note_id}_0", source, edit, donor.title, chance)
    own = story(chance, note_id, donor.topic, 1) if chance.random() < 0.4 else []
    words = wording(donor.topic, [s for s in (copy.scene, *own) if s], language, chance)
    others = tuple(scene_picture(f"{note_id}_{n}", s, seed, None, language) for n, s in enumerate(own, 1))
    return SampleNote(note_id, language, donor.topic, *words, (copy, *others))


def detail(number: int, donor: SampleNote, area: str, seed: int) -> SampleNote:
    """A note with a crop of one of the donor's pictures."""
    chance, note_id = dice(seed, "detail", number), name_of("n", seed, "detail", number)
    language = _language(chance)
    source = chance.choice(copiable(donor, keeps_text=False))
    image, box = cropped(decoded(source), CROP_AREAS[area], chance)
    crop = SamplePicture(
        image_id=f"{note_id}_0",
        suffix=".jpg",
        content=encoded(image, ".jpg"),
        family=source.family,
        edit=area,
        kind="crop",
        box=box,
    )
    return SampleNote(note_id, language, donor.topic, *wording(donor.topic, [], language, chance), (crop,))


def variant(number: int, donor: SampleNote, seed: int) -> SampleNote:
    """A note whose picture is the donor's with one thing in another colour: no copy."""
    chance, note_id = dice(seed, "variant", number), name_of("n", seed, "variant", number)
    language = _language(chance)
    source = chance.choice(copiable(donor, keeps_text=False))
    if source.scene is None:
        raise ValueError(f"{source.image_id} has no scene")
    scene = with_other_colour(source.scene, chance)
    recolour = replace(scene_picture(f"{note_id}_0", scene, seed, None, language, plain=True), variant_of=source.family)
    return SampleNote(note_id, language, donor.topic, *wording(donor.topic, [scene], language, chance), (recolour,))


def quote(number: int, donor: SampleNote, seed: int) -> tuple[SampleNote, dict[str, object]]:
    """A note of its own that quotes the donor's tips, word for word or retyped; and its row of the truth."""
    chance, note = dice(seed, "quote", number), own_note(100_000 + number, seed)
    rate = EDIT_RATES[number % len(EDIT_RATES)]
    lines = note.body.split("\n")
    lines.insert(chance.randrange(1, len(lines) + 1), retyped(donor.tips, rate, chance))
    planted = {
        "source_note": donor.note_id,
        "target_note": note.note_id,
        "host_note": note.note_id,
        "passage": donor.tips,
        "edit_rate": rate,
    }
    return note._replace(body="\n".join(lines)), planted


def copiable(donor: SampleNote, keeps_text: bool) -> list[SamplePicture]:
    """The donor's pictures that an edit may take: those with words only where the words stay whole."""
    return [p for p in donor.pictures if p.scene and (keeps_text or not p.text)]


def _language(chance: Random) -> Language:
    return "zh" if chance.random() < 0.6 else "en"
