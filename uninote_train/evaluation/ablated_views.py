"""Ablated views of a split's items: notes with only text or only pictures, and edited pictures.

Each view is a separate item, so that it is encoded, ranked and counted like any other. An edited picture is a separate picture
too, named by the picture and the edit.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import cv2
import numpy as np

from schemas.item import item_id
from uninote_train.evaluation.retrieval_tasks import RetrievalTask, retrieval_task
from uninote_train.evaluation.split_items import EvaluationSplit, Pair
from uninote_train.models.protocol import Item, Pixels

Part = Literal["text", "image"]
TASK = "image_to_note"
REENCODED = "~reencoded"
"""Suffix of the id of a picture that was scaled down and saved again."""
SMALLER, QUALITY = 0.6, 40
MIDDLE = (0.15, 0.15, 0.85, 0.85)
"""The crop that is used as a query: half of the area."""


def edited(pixels: Pixels) -> Pixels:
    """The picture at 0.6 of its size, saved as JPEG of quality 40."""
    height, width = pixels.shape[:2]
    size = (max(1, round(width * SMALLER)), max(1, round(height * SMALLER)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    _, coded = cv2.imencode(".jpg", small[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB), np.uint8)


class Modes(NamedTuple):
    """One split with whole notes, with their text only, and with their pictures only; the same queries in each."""

    both: EvaluationSplit
    text: EvaluationSplit
    image: EvaluationSplit


def modes(split: EvaluationSplit) -> Modes:
    """Views that measure which part of a note its vector relies on. Other kinds of items stay as they are.

    A pair is kept only if its query and its positive have content in every mode, and one of them is a note.
    """
    parts = {part: {name: _only(item, part) for name, item in split.items.items()} for part in ("text", "image")}

    def in_every_mode(name: str) -> bool:
        return all(parts[part][name] is not None for part in parts)

    def usable(pair: Pair) -> bool:
        notes = "note" in (split.items[pair.query]["kind"], split.items[pair.positive]["kind"])
        return notes and in_every_mode(pair.query) and in_every_mode(pair.positive)

    both = dataclasses.replace(split, pairs=tuple(p for p in split.pairs if usable(p)))
    return Modes(both, _mapped(both, parts["text"]), _mapped(both, parts["image"]))


def _only(item: Item, part: str) -> Item | None:
    """The note without its pictures or without its text; None if nothing is left."""
    if item["kind"] != "note":
        return item
    text = item["text"] if part == "text" and (item["text"] or "").strip() else None
    images = list(item["image_ids"]) if part == "image" else []
    return _named(item, images, text) if text or images else None


def _named(item: Item, images: list[str], text: str | None) -> Item:
    name = item_id(item["kind"], item["note_id"], images, None, text)
    return Item(item_id=name, kind=item["kind"], note_id=item["note_id"], image_ids=images, region=item["region"], text=text)


def _mapped(split: EvaluationSplit, views: Mapping[str, Item | None]) -> EvaluationSplit:
    present = {name: view for name, view in views.items() if view is not None}
    pairs = {p._replace(query=present[p.query]["item_id"], positive=present[p.positive]["item_id"]) for p in split.pairs}
    return dataclasses.replace(
        split,
        items={view["item_id"]: view for view in present.values()},
        component={view["item_id"]: split.component[name] for name, view in present.items()},
        pairs=tuple(sorted(pairs)),
    )


@dataclass(frozen=True, slots=True)
class Probe:
    """Retrieval of notes by the same pictures in several variants."""

    split: EvaluationSplit
    """The split, with the items that the variants add."""
    tasks: Mapping[str, RetrievalTask]
    """exact: the picture as it is in the note, among whole notes. reencoded, cropped: edited copies of it. component_out:
    exact, without the other notes of its component. replaced: the picture, for its note with the picture taken out."""


def probe(split: EvaluationSplit) -> Probe | None:
    """The variants for the pictures of image_to_note whose whole note is in the split; None without such a picture.

    Only the note with the picture is correct: in the first three the rest of its component (reposts) counts as wrong.
    """
    notes = _whole_notes(split)
    pairs = [p for p in split.pairs if p.task == TASK and _picture_is_in_note(split, p, notes)]
    if not pairs:
        return None
    items, component = dict(split.items), dict(split.component)
    queries: dict[str, list[tuple[str, str]]] = {"exact": [], "reencoded": [], "cropped": []}
    for query, note in sorted({(p.query, notes[split.items[p.query]["note_id"]]) for p in pairs}):
        item = split.items[query]
        queries["exact"].append((query, note))
        for variant, view in (("reencoded", _reencoded(item)), ("cropped", _cropped(item))):
            items[view["item_id"]] = view
            component[view["item_id"]] = split.component[query]
            queries[variant].append((view["item_id"], note))
    whole = set(notes.values())
    among = dataclasses.replace(
        split, items={n: i for n, i in items.items() if i["kind"] != "note" or n in whole}, component=component
    )
    by_variant = {variant: retrieval_task(among, TASK, pairs) for variant, pairs in queries.items()}
    tasks = {variant: _exclude_only_query(task) for variant, task in by_variant.items()} | {
        "component_out": by_variant["exact"]
    }
    tasks["replaced"] = retrieval_task(split, TASK, [(p.query, p.positive) for p in pairs])
    return Probe(dataclasses.replace(split, items=items, component=component), tasks)


def _whole_notes(split: EvaluationSplit) -> dict[str, str]:
    """note_id -> the note item with the most pictures, then the most words."""
    best: dict[str, tuple[int, int, str]] = {}
    for name, item in split.items.items():
        if item["kind"] == "note":
            size = (len(item["image_ids"]), len(item["text"] or ""), name)
            best[item["note_id"]] = max(best.get(item["note_id"], size), size)
    return {note: name for note, (_, _, name) in best.items()}


def _picture_is_in_note(split: EvaluationSplit, pair: Pair, notes: Mapping[str, str]) -> bool:
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


def _exclude_only_query(task: RetrievalTask) -> RetrievalTask:
    """The task with only the query itself excluded: everything else that is not a positive counts as wrong."""
    position = {name: n for n, name in enumerate(task.gallery)}
    queries = tuple(np.array([position[q]] if q in position else [], np.int64) for q in task.queries)
    return dataclasses.replace(task, excluded=queries)
