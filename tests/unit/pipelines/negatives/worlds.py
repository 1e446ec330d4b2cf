"""Small workspaces for the tests of the guard: notes, items and mined pairs as tables."""

from collections import Counter

import pyarrow as pa

from schemas.datasets import COMPONENTS, IMAGES, ITEMS, NOTES, POSITIVES
from schemas.intermediate import PICTURE_PAIRS
from schemas.item import item_id


def item(kind, note_id, image_ids=(), text=None, region=None):
    box = None if region is None else dict(zip(("x0", "y0", "x1", "y1"), region, strict=True))
    shown = {"kind": kind, "note_id": note_id, "image_ids": list(image_ids), "region": box, "text": text}
    return {"item_id": item_id(kind, note_id, image_ids, region, text), **shown}


def pair(granularity, task, query, target, score=1.0, split="train"):
    row = {"pair_id": f"{granularity}{task}{query['item_id']}{target['item_id']}", "granularity": granularity, "task": task}
    evidence = dict.fromkeys(POSITIVES.columns.field("evidence").type.names)
    return row | {"query": query, "target": target, "score": score, "evidence": evidence, "component_id": "", "split": split}


def positives(*pairs):
    return pa.Table.from_pylist(list(pairs), POSITIVES.columns)


def items(shown, split="train"):
    """ITEMS of a list of items; `split` is one, or note_id -> split."""
    once = {i["item_id"]: i for i in shown}
    rows = [{"item": i, "split": split if isinstance(split, str) else split[i["note_id"]]} for i in once.values()]
    return pa.Table.from_pylist(rows, ITEMS.columns)


def components(of, groups=None):
    """COMPONENTS of note_id -> component_id and, where it differs, note_id -> content_group."""
    sizes = Counter(of.values())
    rows = [
        {"note_id": n, "component_id": c, "size": sizes[c], "content_group": (groups or of)[n], "split": "train"}
        for n, c in of.items()
    ]
    return pa.Table.from_pylist(rows, COMPONENTS.columns)


def notes(texts):
    """NOTES of note_id -> (title, body)."""
    filled = {"topic": "t", "images": [], "like_count": 0, "image_count": 0, "kept_because": ""}
    rows = [
        {**dict.fromkeys(NOTES.columns.names), **filled, "note_id": n, "title": t, "body": b} for n, (t, b) in texts.items()
    ]
    return pa.Table.from_pylist(rows, NOTES.columns)


def images(shown):
    """IMAGES of note_id -> [(image_id, sha256), ...]."""
    filled = {"uri": "", "width": 1, "height": 1, "phash": 0, "pdq": b"", "quality": 100, "surface": "photo"}
    rows = [
        {**filled, "note_id": note, "position": k, "image_id": image, "sha256": sha}
        for note, pictures in shown.items()
        for k, (image, sha) in enumerate(pictures)
    ]
    return pa.Table.from_pylist(rows, IMAGES.columns)


def picture_pairs(*pairs):
    filled = {"relation": "copy", "region": None, "mirrored": False, "hamming_distance": 0, "inliers": 9}
    rows = [{**filled, "sha256_l": a, "sha256_r": b, "pixel_correlation": 1.0, "score": 1.0} for a, b in pairs]
    return pa.Table.from_pylist(rows, PICTURE_PAIRS.columns)
