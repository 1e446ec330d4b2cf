"""SamplePicture files with their truth: photographs of scenes, pages of words, video frames, copies."""

import io
from dataclasses import dataclass
from random import Random

from PIL import Image

from pipelines.sources.sample_corpus.note_text import Wording, slogan
from pipelines.sources.sample_corpus.repost_edits import Box, Edit, captioned
from pipelines.sources.sample_corpus.scenes.captions import Language
from pipelines.sources.sample_corpus.scenes.draw_scene import picture
from pipelines.sources.sample_corpus.scenes.object_sprite import ornament
from pipelines.sources.sample_corpus.scenes.scene import Scene, mirrored
from pipelines.sources.sample_corpus.scenes.text_overlay import page, signed, titled
from pipelines.sources.sample_corpus.seeded_random import dice


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePicture:
    """A picture file and its truth."""

    image_id: str
    suffix: str
    content: bytes | None
    """None: the note names a file that does not exist."""
    family: str
    edit: str = "none"
    kind: str = "original"
    box: Box | None = None
    variant_of: str | None = None
    """The family of the same scene with one thing in another colour."""
    text: str | None = None
    """The text drawn in it, line by line."""
    scene: Scene | None = None
    """Its scene; None for a page of text or a crop."""


def scene_picture(
    image_id: str, scene: Scene, seed: int, title: str | None, language: Language, plain: bool = False
) -> SamplePicture:
    """The scene as a file, perhaps with its note's title or a sign in it."""
    chance, image, text = dice(seed, "shown", image_id), picture(scene, seed), None
    if plain:
        pass
    elif title and chance.random() < 0.3:
        image, text = titled(image, title, chance)
    elif scene.view == "wide" and chance.random() < 0.15:
        image, text = signed(image, slogan(scene.topic, language, chance), chance)
    suffix = chance.choices((".jpg", ".webp", ".png"), (93, 6, 1))[0]
    content = encoded(image, suffix, chance.choice((72, 76, 80)))
    return SamplePicture(image_id=image_id, suffix=suffix, content=content, family=image_id, text=text, scene=scene)


def text_page(image_id: str, scene: Scene, words: Wording, seed: int) -> SamplePicture:
    """The note's title and tips as a picture."""
    chance, size = dice(seed, "page", image_id), scene.size
    ornaments = [ornament(t, int(size[1] * chance.uniform(0.16, 0.24)), image_id, seed) for t in scene.things[:2]]
    image, text = page(size, words.title, words.tips, ornaments, chance)
    suffix = chance.choice((".jpg", ".jpg", ".png"))
    return SamplePicture(image_id=image_id, suffix=suffix, content=encoded(image, suffix), family=image_id, text=text)


def frames(note_id: str, scene: Scene, seed: int) -> tuple[SamplePicture, ...]:
    """Four frames of a slow pan over the scene."""
    whole, step = picture(scene, seed), scene.size[0] // 40
    size = (scene.size[0] - 3 * step, scene.size[1])
    frames = [whole.crop((n * step, 0, n * step + size[0], size[1])) for n in range(4)]
    return tuple(
        SamplePicture(image_id=f"{note_id}_{n}", suffix=".jpg", content=encoded(f, ".jpg"), family=f"{note_id}_0", scene=scene)
        for n, f in enumerate(frames)
    )


def edited_copy(image_id: str, source: SamplePicture, edit: Edit, words: str, chance: Random) -> SamplePicture:
    """The source after the edit; `words`: the text of a caption bar."""
    image, text = edit.apply(decoded(source), chance), source.text
    if edit.name == "captioned":
        image, text = captioned(image, words)
    same = edit.name == "same_bytes"
    suffix = source.suffix if same else edit.suffix
    content = source.content if same else encoded(image, suffix, edit.quality)
    scene = mirrored(source.scene) if source.scene and edit.name == "mirrored" else source.scene
    return SamplePicture(
        image_id=image_id,
        suffix=suffix,
        content=content,
        family=source.family,
        edit=edit.name,
        kind="copy",
        text=text,
        scene=scene,
    )


def decoded(source: SamplePicture) -> Image.Image:
    """The picture's pixels as RGB."""
    if source.content is None:
        raise ValueError(f"{source.image_id} has no file")
    return Image.open(io.BytesIO(source.content)).convert("RGB")


def encoded(image: Image.Image, suffix: str, quality: int = 86) -> bytes:
    """The bytes of a JPEG, WebP or PNG file."""
    buffer = io.BytesIO()
    kind = {".jpg": "JPEG", ".webp": "WEBP", ".png": "PNG"}[suffix]
    options: dict[str, int] = {} if suffix == ".png" else {"quality": quality}
    image.save(buffer, kind, **options, **({"method": 2} if suffix == ".webp" else {}))
    return buffer.getvalue()
