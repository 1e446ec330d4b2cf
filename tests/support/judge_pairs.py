"""Pairs of items and their pictures, without a workspace."""

import numpy as np
import pyarrow as pa

from pipelines.judge.protocol import PAIRS
from schemas.item import item_id


def item(kind, note_id="n", image_ids=(), text=None, region=None):
    box = dict(zip(("x0", "y0", "x1", "y1"), region, strict=True)) if region else None
    name = item_id(kind, note_id, image_ids, region, text)
    return {"item_id": name, "kind": kind, "note_id": note_id, "image_ids": list(image_ids), "region": box, "text": text}


def pairs(*rows):
    """Rows (task, query, candidate) -> PAIRS."""
    return pa.Table.from_pylist(
        [
            {"query_id": q["item_id"], "candidate_id": c["item_id"], "task": task, "query": q, "candidate": c}
            for task, q, c in rows
        ],
        PAIRS,
    )


def picture(seed, height=96, width=128):
    """Random colours in blocks, different for every seed."""
    blocks = np.random.default_rng(seed).integers(0, 255, (4, 4, 3), np.uint8)
    return np.kron(blocks, np.ones((height // 4, width // 4, 1), np.uint8))


def mixed(count=24, seed=0):
    """Pairs of every kind and length, and their pictures: PAIRS, image_id -> pixels."""
    chance = np.random.default_rng(seed)
    pictures = {f"i{n}": picture(n, 64 + 16 * (n % 4), 64 + 32 * (n % 3)) for n in range(10)}
    words = ["red mug on the left", "红色马克杯放在左边", "a blue lamp at night", "a < b, [ok] 3 > 2", "台灯\n第二行"]
    rows = []
    for n in range(count):
        some = [f"i{k}" for k in chance.choice(10, int(chance.integers(1, 4)), replace=False)]
        text = " ".join(chance.choice(words, int(chance.integers(1, 6)))) + f" {n}"
        note = item("note", f"n{n}", some, text)
        part = [
            item("image", f"m{n}", [f"i{n % 10}"]),
            item("text", f"m{n}", text=text[::-1]),
            item("note", f"m{n}", [f"i{(n + 3) % 10}"], words[n % 5]),
            item("crop", f"m{n}", [f"i{n % 10}"], region=(0.25, 0.0, 0.75, 0.5)),
        ][n % 4]
        rows.append((f"{ {'crop': 'image'}.get(part['kind'], part['kind']) }_to_note", part, note))
    return pairs(*rows), pictures
