"""The scene of a picture as data, before it is drawn; random or written by hand."""

from dataclasses import dataclass, replace
from random import Random
from typing import Literal, NamedTuple

Place = Literal["left", "middle", "right"]
View = Literal["wide", "close"]

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (206, 44, 52),
    "orange": (238, 128, 38),
    "yellow": (244, 202, 54),
    "green": (58, 150, 78),
    "blue": (48, 104, 196),
    "purple": (128, 74, 170),
    "pink": (240, 138, 170),
    "white": (240, 238, 232),
    "black": (54, 54, 60),
}
LIGHTS = ("morning", "noon", "dusk", "night")


class Topic(NamedTuple):
    """The things and grounds of one topic."""

    kinds: tuple[str, ...]
    surfaces: tuple[str, ...]
    indoor: bool


TOPICS: dict[str, Topic] = {
    "kitchen": Topic(("mug", "bowl", "teapot", "cake", "bottle"), ("wood", "marble", "cloth"), True),
    "garden": Topic(("flowerpot", "tulip", "watering_can", "butterfly", "mushroom"), ("grass", "soil", "stone"), False),
    "desk": Topic(("book", "lamp", "laptop", "clock", "pencil_cup"), ("wood", "cloth", "marble"), True),
    "street": Topic(("car", "bicycle", "umbrella", "bench", "lantern"), ("asphalt", "stone", "snow"), False),
    "beach": Topic(("parasol", "beach_ball", "bucket", "starfish", "sailboat"), ("sand", "stone", "planks"), False),
    "pets": Topic(("cat", "dog", "fish", "yarn", "bird"), ("rug", "wood", "cloth"), True),
    "outfits": Topic(("dress", "shirt", "hat", "sneaker", "handbag"), ("rug", "marble", "wood"), True),
    "travel": Topic(("suitcase", "backpack", "camera", "tent", "balloon"), ("grass", "snow", "sand"), False),
}
SIZES = ((360, 480), (360, 480), (400, 400), (480, 360))


@dataclass(frozen=True, slots=True)
class Thing:
    """A group of things of one kind and colour."""

    kind: str
    colour: str
    count: int
    place: Place


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture."""

    key: str
    """Random key of details that no caption names: exact positions, folds, clouds."""
    home: str
    """Random key of the surroundings; pictures of one note share it."""
    topic: str
    surface: str
    light: str
    view: View
    things: tuple[Thing, ...]
    size: tuple[int, int]
    """Width and height, pixels."""


def story(chance: Random, key: str, topic: str, pictures: int) -> list[Scene]:
    """The scenes of one note: some of its things, or one of them in close-up."""
    about = TOPICS[topic]
    neighbour = TOPICS[chance.choice(sorted(TOPICS))]
    kinds = [*chance.sample(about.kinds, 3), chance.choice(neighbour.kinds)]
    cast = list(dict.fromkeys(kinds[: chance.choice((2, 3, 3))] + (kinds[3:] if chance.random() < 0.2 else [])))
    colours = chance.sample(sorted(COLOURS), len(cast))
    surface, light, size = chance.choice(about.surfaces), chance.choice(LIGHTS), chance.choice(SIZES)
    scenes = []
    for n in range(pictures):
        near = n > 0 and chance.random() < 0.35
        visible = chance.sample(range(len(cast)), 1 if near else min(len(cast), chance.choice((2, 2, 3))))
        places = ["middle"] if near else _places(chance, len(visible))
        things = tuple(
            Thing(cast[i], colours[i], chance.choice((1, 1, 2)) if near else chance.choice((1, 1, 2, 2, 3, 4)), place)  # type: ignore[arg-type]
            for i, place in zip(visible, places, strict=True)
        )
        if n and chance.random() < 0.3:
            surface, light = chance.choice(about.surfaces), chance.choice(LIGHTS)
        view: View = "close" if near else "wide"
        scenes.append(Scene(f"{key}/{n}", key, topic, surface, light, view, things, size))
    return scenes


def with_other_colour(scene: Scene, chance: Random) -> Scene:
    """The same scene with one of its things in another colour: similar, but not a copy."""
    most = max(range(len(scene.things)), key=lambda i: scene.things[i].count)
    used = {t.colour for t in scene.things}
    colour = chance.choice([c for c in sorted(COLOURS) if c not in used])
    things = [replace(t, colour=colour) if i == most else t for i, t in enumerate(scene.things)]
    return replace(scene, things=tuple(things))


def _places(chance: Random, things: int) -> list[str]:
    """Different places, in reading order; two things may be neighbours or apart."""
    places = chance.sample(range(3), things)
    return [("left", "middle", "right")[i] for i in sorted(places)]


def mirrored(scene: Scene) -> Scene:
    """The scene of the mirrored picture."""
    other: dict[Place, Place] = {"left": "right", "middle": "middle", "right": "left"}
    return replace(scene, things=tuple(replace(t, place=other[t.place]) for t in reversed(scene.things)))
