"""Small shards in the format of jobs/build_shards.py: notes with a drawn shape of one colour, a caption and sentences."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.item import item_id
from schemas.shards import PICTURES, RL, SFT

COLOURS = {
    "red": (220, 40, 40),
    "green": (40, 180, 60),
    "blue": (40, 70, 220),
    "gold": (230, 190, 40),
    "black": (20, 20, 20),
    "rose": (240, 130, 170),
}
THINGS = ("cup", "lamp", "chair", "boat", "kite", "book")
PLACES = ("on a table", "by the window", "in the garden", "at night", "on the beach")


def picture(note: int, number: int) -> bytes:
    """Draw a JPEG: a rectangle in the note's colour on stripes; size and stripes depend on note and number."""
    draw = np.random.default_rng(note * 100 + number)
    height, width = (int(v) for v in draw.integers(40, 120, 2))
    ground = 200 + 40 * ((np.arange(width) // (4 + note % 5 + number)) % 2)
    pixels = np.repeat(np.broadcast_to(ground, (height, width))[:, :, None], 3, 2).astype(np.uint8)
    x, y = width // 4 + number * 3, height // 4
    pixels[y : y + height // 2, x : x + width // 2] = list(COLOURS.values())[note % len(COLOURS)]
    return cv2.imencode(".jpg", pixels[:, :, ::-1])[1].tobytes()


def words(note: int, number: int = 0) -> str:
    colour, thing = list(COLOURS)[note % len(COLOURS)], THINGS[note // len(COLOURS) % len(THINGS)]
    return f"a {colour} {thing} {PLACES[(note + number) % len(PLACES)]}, number {note}"


def image_id(note: int, number: int) -> str:
    return f"n{note}-{number}"


def item(
    kind: str, note: int, numbers: Sequence[int] = (), text: str | None = None, region: Sequence[float] | None = None
) -> dict:
    images = [image_id(note, n) for n in numbers]
    box = dict(zip(("x0", "y0", "x1", "y1"), region, strict=True)) if region else None
    name = item_id(kind, f"n{note}", images, region, text)
    return {"item_id": name, "kind": kind, "note_id": f"n{note}", "image_ids": images, "region": box, "text": text}


def candidate(item_row: dict, label: float | None, source: str, component: str | None = None) -> dict:
    return {
        "item": item_row,
        "component_id": component or item_row["note_id"],
        "similarity": label,
        "soft_label": label,
        "source": source,
    }


def sft_row(note: int, notes: int, position: int, negatives: int = 3, labels: bool = True) -> dict:
    """Build a row of image, text, crop or note -> note, in turn; the first negative is generated, the others are other notes."""
    whole = item("note", note, (0, 1), words(note))
    query = (
        item("image", note, (0,)),
        item("text", note, (), words(note, 1)),
        item("crop", note, (1,), region=(0.25, 0.2, 0.8, 0.9)),
        item("note", note, (0,), words(note, 2)),
    )[position % 4]
    others = [(note + 1 + k) % notes for k in range(negatives - 1)]
    negative_rows = [candidate(item("note", note, (1,), words(note, 3)), 0.6, "rule")]
    negative_rows += [
        candidate(item("note", o, (0, 1)[: 1 + o % 2], words(o)), 0.5 - 0.1 * k, "band") for k, o in enumerate(others)
    ]
    task = f"{'image' if query['kind'] == 'crop' else query['kind']}_to_note"
    return {
        "position": position, "pair_id": f"pair-{position:04d}", "task": task, "granularity": "within_note", "query": query,
        "component_id": f"n{note}", "positive": candidate(whole, 0.9, "within_note"), "candidates": negative_rows[:negatives],
        "label_from": "similarity" if labels else None,
        "label_temperature": 0.02 if labels else None,
    }  # fmt: skip


def rl_row(note: int, notes: int, position: int, noise: int = 3) -> dict:
    """Build a list of two views of the note by decreasing overlap, then other notes."""
    rank = [
        candidate(item("note", note, (0, 1), words(note, 2)), 0.8, "half"),
        candidate(item("note", note, (0,), words(note, 3)), 0.4, "overlap"),
    ]
    rank += [
        candidate(item("note", (note + 2 + k) % notes, (0,), words((note + 2 + k) % notes)), 0.0, "noise") for k in range(noise)
    ]
    query = item("note", note, (0, 1), words(note))
    return {
        "position": position,
        "list_id": f"list-{position:04d}",
        "source": "split",
        "query": query,
        "component_id": f"n{note}",
        "candidates": rank,
        "relevant": 2,
    }


def write_shard(folder: Path, name: str, rows: Sequence[dict], table=SFT) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows), table.columns), folder / f"{name}.parquet", compression="zstd")
    candidates = [[*([r["positive"]] if "positive" in r else []), *r["candidates"]] for r in rows]
    image_ids = sorted(
        {
            i
            for r, c in zip(rows, candidates, strict=True)
            for x in (r["query"], *(o["item"] for o in c))
            for i in x["image_ids"]
        }
    )
    contents = [picture(*(int(part) for part in i[1:].split("-"))) for i in image_ids]
    pictures = pa.table([pa.array(image_ids), pa.array(contents, pa.binary())], schema=PICTURES)
    with pa.OSFile(str(folder / f"{name}.pictures.arrow"), "wb") as file, pa.ipc.new_file(file, PICTURES) as writer:
        writer.write_table(pictures)


def sft_shards(folder: Path, rows: int = 24, shards: int = 3, split: str = "train", **options) -> Path:
    """Write a split with its rows distributed over shards of unequal size; returns `folder`."""
    all_rows = [sft_row(n % max(rows // 2, 6), max(rows // 2, 6), n, **options) for n in range(rows)]
    return _write_split(folder, split, all_rows, shards, SFT)


def rl_shards(folder: Path, rows: int = 12, shards: int = 2, split: str = "train", **options) -> Path:
    all_rows = [rl_row(n % max(rows, 8), max(rows, 8), n, **options) for n in range(rows)]
    return _write_split(folder, split, all_rows, shards, RL)


def _write_split(folder: Path, split: str, rows: list[dict], shards: int, table) -> Path:
    bounds = [len(rows) * k * (k + 1) // (shards * (shards + 1)) for k in range(shards + 1)]
    for k in range(shards):
        write_shard(folder / split, f"{k:05d}", rows[bounds[k] : bounds[k + 1]], table)
    return folder
