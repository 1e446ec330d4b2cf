"""Other views of a split's items: notes that show only words or only pictures, and pictures that were edited.

Each view is an item of its own, so that it is encoded, ranked and counted like any other. An edited picture is a picture of
its own too, named by the picture and the edit.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import cv2
import numpy as np

from schemas.item import item_id
from uninote_train.evaluation.retrieval_tasks import Questions, ask
from uninote_train.evaluation.split_items import Pair, Split
from uninote_train.models.protocol import Item, Pixels

Part = Literal["text", "image"]
TASK = "image_to_note"
REENCODED = "~reencoded"
"""Behind the id of a picture that was made smaller and saved again."""
SMALLER, QUALITY = 0.6, 40
MIDDLE = (0.15, 0.15, 0.85, 0.85)
"""The crop that asks: half of the area."""


def edited(pixels: Pixels) -> Pixels:
    """The picture at 0.6 of its size, saved as JPEG of quality 40."""
    height, width = pixels.shape[:2]
    size = (max(1, round(width * SMALLER)), max(1, round(height * SMALLER)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    _, coded = cv2.imencode(".jpg", small[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB), np.uint8)


class Modes(NamedTuple):
    """One split with all of each note, with its words alone, with its pictures alone; the same queries in each."""

    both: Split
    text: Split
    image: Split


def modes(split: Split) -> Modes:
    """What of a note its vector needs. Items that are no notes stay as they are.

    A pair is asked only where its query and its positive show something in every mode, and one of them is a note.
    """
    parts = {part: {name: _only(item, part) for name, item in split.items.items()} for part in ("text", "image")}

    def whole(name: str) -> bool:
        return all(parts[part][name] is not None for part in parts)

    def asked(pair: Pair) -> bool:
        notes = "note" in (split.items[pair.query]["kind"], split.items[pair.positive]["kind"])
        return notes and whole(pair.query) and whole(pair.positive)

    both = dataclasses.replace(split, pairs=tuple(p for p in split.pairs if asked(p)))
    return Modes(both, _mapped(both, parts["text"]), _mapped(both, parts["image"]))


def _only(item: Item, part: str) -> Item | None:
    """The note without its pictures or without its words; None where nothing is left."""
    if item["kind"] != "note":
        return item
    text = item["text"] if part == "text" and (item["text"] or "").strip() else None
    images = list(item["image_ids"]) if part == "image" else []
    return _named(item, images, text) if text or images else None


def _named(item: Item, images: list[str], text: str | None) -> Item:
    name = item_id(item["kind"], item["note_id"], images, None, text)
    return Item(item_id=name, kind=item["kind"], note_id=item["note_id"], image_ids=images, region=item["region"], text=text)


def _mapped(split: Split, views: Mapping[str, Item | None]) -> Split:
    there = {name: view for name, view in views.items() if view is not None}
    pairs = {p._replace(query=there[p.query]["item_id"], positive=there[p.positive]["item_id"]) for p in split.pairs}
    return dataclasses.replace(
        split,
        items={view["item_id"]: view for view in there.values()},
        component={view["item_id"]: split.component[name] for name, view in there.items()},
        pairs=tuple(sorted(pairs)),
    )


@dataclass(frozen=True, slots=True)
class Probe:
    """The same pictures asked for their notes in several ways."""

    split: Split
    """With the items that were made for it."""
    asked: Mapping[str, Questions]
    """exact: the picture as the note holds it, among whole notes. reencoded, cropped: edited copies of it. component_out:
    exact, without the other notes of its component. replaced: the picture, for its note with the picture taken out."""


def probe(split: Split) -> Probe | None:
    """The pictures of image_to_note whose whole note is in the split; None where there is none.

    Right is the note that holds the picture, alone: in the first three the rest of its component (reposts) counts as wrong.
    """
    notes = _whole_notes(split)
    pairs = [p for p in split.pairs if p.task == TASK and _held(split, p, notes)]
    if not pairs:
        return None
    items, component = dict(split.items), dict(split.component)
    questions: dict[str, list[tuple[str, str]]] = {"exact": [], "reencoded": [], "cropped": []}
    for query, note in sorted({(p.query, notes[split.items[p.query]["note_id"]]) for p in pairs}):
        item = split.items[query]
        questions["exact"].append((query, note))
        for way, made in (("reencoded", _reencoded(item)), ("cropped", _cropped(item))):
            items[made["item_id"]] = made
            component[made["item_id"]] = split.component[query]
            questions[way].append((made["item_id"], note))
    whole = set(notes.values())
    among = dataclasses.replace(
        split, items={n: i for n, i in items.items() if i["kind"] != "note" or n in whole}, component=component
    )
    tasks = {way: ask(among, TASK, of) for way, of in questions.items()}
    asked = {way: _all_wrong(task) for way, task in tasks.items()} | {"component_out": tasks["exact"]}
    asked["replaced"] = ask(split, TASK, [(p.query, p.positive) for p in pairs])
    return Probe(dataclasses.replace(split, items=items, component=component), asked)


def _whole_notes(split: Split) -> dict[str, str]:
    """note_id -> the note item with the most pictures, then the most words."""
    best: dict[str, tuple[int, int, str]] = {}
    for name, item in split.items.items():
        if item["kind"] == "note":
            size = (len(item["image_ids"]), len(item["text"] or ""), name)
            best[item["note_id"]] = max(best.get(item["note_id"], size), size)
    return {note: name for note, (_, _, name) in best.items()}


def _held(split: Split, pair: Pair, notes: Mapping[str, str]) -> bool:
    query, positive = split.items[pair.query], split.items[pair.positive]
    note = notes.get(query["note_id"])
    if query["kind"] != "image" or note is None or len(query["image_ids"]) != 1:
        return False
    return query["image_ids"][0] in split.items[note]["image_ids"] and query["image_ids"][0] not in positive["image_ids"]


def _reencoded(item: Item) -> Item:
    images = [image + REENCODED for image in item["image_ids"]]
    return _named(item, images, None)


def _cropped(item: Item) -> Item:
    box = dict(zip(("x0", "y0", "x1", "y1"), MIDDLE, strict=True))
    name = item_id("crop", item["note_id"], item["image_ids"], MIDDLE)
    return Item(item_id=name, kind="crop", note_id=item["note_id"], image_ids=list(item["image_ids"]), region=box, text=None)


def _all_wrong(task: Questions) -> Questions:
    """Whatever is not right is wrong, but for the query itself."""
    place = {name: n for n, name in enumerate(task.gallery)}
    alone = tuple(np.array([place[q]] if q in place else [], np.int64) for q in task.queries)
    return dataclasses.replace(task, out=alone)
