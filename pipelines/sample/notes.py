"""The sample's notes, one by one: people's own, and those that take a picture or a passage from another."""

import io
from dataclasses import dataclass, replace
from random import Random
from typing import NamedTuple

from PIL import Image

from pipelines.sample.dice import dice, name_of
from pipelines.sample.draw import ornament, picture
from pipelines.sample.lettering import page, signed, titled
from pipelines.sample.plant import CROP_AREAS, Box, Edit, captioned, cropped, retyped
from pipelines.sample.scene import TOPICS, Scene, mirrored, recoloured, story
from pipelines.sample.text import Language, Wording, slogan, wording

EDIT_RATES = (0.0, 0.03, 0.08)
"""Shares of a quote's characters that are changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture file and its truth."""

    image_id: str
    suffix: str
    content: bytes | None
    """None: the note names a file that is not there."""
    family: str
    edit: str = "none"
    kind: str = "original"
    box: Box | None = None
    variant_of: str | None = None
    """The family that shows the same scene with one thing in another colour."""
    text: str | None = None
    """What is drawn to be read, a line a line."""
    scene: Scene | None = None
    """What it shows; None where words cannot tell it: a page of text, a crop."""


class Note(NamedTuple):
    """One note before its likes and its author."""

    note_id: str
    language: Language
    topic: str
    title: str
    body: str
    tips: str
    pictures: tuple[Picture, ...]
    note_type: str = "image"


def own_note(number: int, seed: int) -> Note:
    """A note with pictures of its own; now and then a title, a sign or a page of words among them, or a video's frames."""
    chance, note_id = dice(seed, "note", number), name_of("n", seed, "note", number)
    topic, language = sorted(TOPICS)[number % len(TOPICS)], _language(chance)
    video = chance.random() < 0.04
    scenes = story(chance, note_id, topic, 1 if video else chance.choice((1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5)))
    words = wording(topic, scenes, language, chance)
    if video:
        return Note(note_id, language, topic, *words, _frames(note_id, scenes[0], seed), "video")
    pictures = [_shown(f"{note_id}_{n}", s, seed, words.title if n == 0 else None, language) for n, s in enumerate(scenes)]
    if len(pictures) < 6 and chance.random() < 0.12:
        pictures.append(_page(f"{note_id}_{len(pictures)}", scenes[0], words, seed))
    return Note(note_id, language, topic, *words, tuple(pictures))


def repost(number: int, donor: Note, edit: Edit, seed: int) -> Note:
    """A note that shows an edited copy of one of the donor's pictures, before or after one of its own."""
    chance, note_id = dice(seed, "repost", number), name_of("n", seed, "repost", number)
    language = _language(chance)
    source = chance.choice(copiable(donor, edit.keeps_text))
    copy = _copy(f"{note_id}_0", source, edit, donor.title, chance)
    own = story(chance, note_id, donor.topic, 1) if chance.random() < 0.4 else []
    words = wording(donor.topic, [s for s in (copy.scene, *own) if s], language, chance)
    others = tuple(_shown(f"{note_id}_{n}", s, seed, None, language) for n, s in enumerate(own, 1))
    return Note(note_id, language, donor.topic, *words, (copy, *others))


def detail(number: int, donor: Note, area: str, seed: int) -> Note:
    """A note that shows a piece of one of the donor's pictures."""
    chance, note_id = dice(seed, "detail", number), name_of("n", seed, "detail", number)
    language = _language(chance)
    source = chance.choice(copiable(donor, keeps_text=False))
    image, box = cropped(_decoded(source), CROP_AREAS[area], chance)
    crop = Picture(
        image_id=f"{note_id}_0",
        suffix=".jpg",
        content=_encoded(image, ".jpg"),
        family=source.family,
        edit=area,
        kind="crop",
        box=box,
    )
    return Note(note_id, language, donor.topic, *wording(donor.topic, [], language, chance), (crop,))


def variant(number: int, donor: Note, seed: int) -> Note:
    """A note whose picture is the donor's with one thing in another colour: no copy."""
    chance, note_id = dice(seed, "variant", number), name_of("n", seed, "variant", number)
    language = _language(chance)
    source = chance.choice(copiable(donor, keeps_text=False))
    if source.scene is None:
        raise ValueError(f"{source.image_id} has no scene")
    scene = recoloured(source.scene, chance)
    shown = replace(_shown(f"{note_id}_0", scene, seed, None, language, plain=True), variant_of=source.family)
    return Note(note_id, language, donor.topic, *wording(donor.topic, [scene], language, chance), (shown,))


def quote(number: int, donor: Note, seed: int) -> tuple[Note, dict[str, object]]:
    """A note of its own that quotes the donor's tips, word for word or retyped; and the row that says so."""
    chance, note = dice(seed, "quote", number), own_note(100_000 + number, seed)
    rate = EDIT_RATES[number % len(EDIT_RATES)]
    lines = note.body.split("\n")
    lines.insert(chance.randrange(1, len(lines) + 1), retyped(donor.tips, rate, chance))
    told = {
        "source_note": donor.note_id,
        "target_note": note.note_id,
        "host_note": note.note_id,
        "passage": donor.tips,
        "edit_rate": rate,
    }
    return note._replace(body="\n".join(lines)), told


def copiable(donor: Note, keeps_text: bool) -> list[Picture]:
    """The donor's pictures that an edit may take: those with words only where the words stay whole."""
    return [p for p in donor.pictures if p.scene and (keeps_text or not p.text)]


def _language(chance: Random) -> Language:
    return "zh" if chance.random() < 0.6 else "en"


def _shown(image_id: str, scene: Scene, seed: int, title: str | None, language: Language, plain: bool = False) -> Picture:
    """The scene as a file, perhaps with its note's title or a sign in it."""
    chance, image, text = dice(seed, "shown", image_id), picture(scene, seed), None
    if plain:
        pass
    elif title and chance.random() < 0.3:
        image, text = titled(image, title, chance)
    elif scene.view == "wide" and chance.random() < 0.15:
        image, text = signed(image, slogan(scene.topic, language, chance), chance)
    suffix = chance.choices((".jpg", ".webp", ".png"), (93, 6, 1))[0]
    content = _encoded(image, suffix, chance.choice((72, 76, 80)))
    return Picture(image_id=image_id, suffix=suffix, content=content, family=image_id, text=text, scene=scene)


def _page(image_id: str, scene: Scene, words: Wording, seed: int) -> Picture:
    """The note's title and tips as a picture."""
    chance, size = dice(seed, "page", image_id), scene.size
    ornaments = [ornament(t, int(size[1] * chance.uniform(0.16, 0.24)), image_id, seed) for t in scene.things[:2]]
    image, text = page(size, words.title, words.tips, ornaments, chance)
    suffix = chance.choice((".jpg", ".jpg", ".png"))
    return Picture(image_id=image_id, suffix=suffix, content=_encoded(image, suffix), family=image_id, text=text)


def _frames(note_id: str, scene: Scene, seed: int) -> tuple[Picture, ...]:
    """Four frames of a slow pan over the scene."""
    whole, step = picture(scene, seed), scene.size[0] // 40
    size = (scene.size[0] - 3 * step, scene.size[1])
    frames = [whole.crop((n * step, 0, n * step + size[0], size[1])) for n in range(4)]
    return tuple(
        Picture(image_id=f"{note_id}_{n}", suffix=".jpg", content=_encoded(f, ".jpg"), family=f"{note_id}_0", scene=scene)
        for n, f in enumerate(frames)
    )


def _copy(image_id: str, source: Picture, edit: Edit, words: str, chance: Random) -> Picture:
    image, text = edit.apply(_decoded(source), chance), source.text
    if edit.name == "captioned":
        image, text = captioned(image, words)
    same = edit.name == "same_bytes"
    suffix = source.suffix if same else edit.suffix
    content = source.content if same else _encoded(image, suffix, edit.quality)
    scene = mirrored(source.scene) if source.scene and edit.name == "mirrored" else source.scene
    return Picture(
        image_id=image_id,
        suffix=suffix,
        content=content,
        family=source.family,
        edit=edit.name,
        kind="copy",
        text=text,
        scene=scene,
    )


def _decoded(source: Picture) -> Image.Image:
    if source.content is None:
        raise ValueError(f"{source.image_id} has no file")
    return Image.open(io.BytesIO(source.content)).convert("RGB")


def _encoded(image: Image.Image, suffix: str, quality: int = 86) -> bytes:
    buffer = io.BytesIO()
    kind = {".jpg": "JPEG", ".webp": "WEBP", ".png": "PNG"}[suffix]
    options: dict[str, int] = {} if suffix == ".png" else {"quality": quality}
    image.save(buffer, kind, **options, **({"method": 2} if suffix == ".webp" else {}))
    return buffer.getvalue()
