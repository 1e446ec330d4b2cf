"""Evaluation of an encoder: recall on unseen sample notes and on near copies of real pictures, speed on one thread.

    python -m benchmarks.encoders --sample FOLDER [--bench FOLDER] [--name small] [--path WEIGHTS] [--speed]

`--sample`: a sample corpus with another seed than the training's. `--bench`: a folder with images/ and
truth/images.parquet (family, edit, kind); each planted copy and crop is a query for a picture of its family among all others.
"""

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import torch

from pipelines.encode.item_content import Content
from pipelines.encode.load_encoder import load_encoder, load_preparer
from pipelines.encode.preset import load_spec
from pipelines.encode.protocol import Encoder, Preparer, Vectors
from pipelines.encode.recall import sample_recall, vectors
from pipelines.encode.small.training_corpus import read_notes
from pipelines.media.decode import BadPicture, Decoding, Pixels, decode

THUMBNAIL = 32
"""Side in pixels of the trivial baseline."""


def main() -> None:
    """Print one JSON object per measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", default="small")
    parser.add_argument("--path")
    parser.add_argument("--sample", type=Path)
    parser.add_argument("--bench", type=Path)
    parser.add_argument("--speed", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    spec = load_spec(arguments.name, path=arguments.path)
    preparer, encoder = load_preparer(spec), load_encoder(spec)
    print(json.dumps({"encoder": arguments.name, "dimensions": encoder.dimensions, "fingerprint": encoder.fingerprint[:16]}))
    if arguments.sample:
        for task, found in sample_recall(read_notes(arguments.sample, side=480), preparer, encoder).items():
            print(json.dumps({"task": task, **{f"recall@{k}": round(v, 3) for k, v in found.items()}}))
    if arguments.bench:
        near_copies(arguments.bench, preparer, encoder, spec.whole_side or spec.longest_side)
    if arguments.speed:
        speed(preparer, encoder)


def near_copies(folder: Path, preparer: Preparer, encoder: Encoder, side: int) -> None:
    """Print recall of planted copies and crops by edit, for the encoder and for grey thumbnails; `side`: pixels."""
    files = {p.stem: p for p in sorted((folder / "images").iterdir())}
    rows, pixels = [], []
    for row in pq.read_table(folder / "truth" / "images.parquet").sort_by("image_id").to_pylist():
        try:
            pixels.append(decode(files[row["image_id"]].read_bytes(), Decoding(working_side=side)).rgb)
            rows.append(row)
        except (BadPicture, KeyError):
            continue
    ours = vectors([Content(kind="image", images=(p,)) for p in pixels], preparer, encoder)
    for name, found in (("encoder", ours), (f"grey {THUMBNAIL}x{THUMBNAIL}", thumbnails(pixels))):
        print(json.dumps({"near copies": name, "pictures": len(rows), **by_edit(rows, found)}))


def thumbnails(pixels: list[Pixels]) -> Vectors:
    """Compute the trivial baseline: grey squares without their mean, normalized to unit length."""
    grey = [
        cv2.resize(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA) for p in pixels
    ]
    flat = np.stack(grey).reshape(len(grey), -1).astype(np.float32)
    flat -= flat.mean(1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)


def by_edit(rows: list[dict[str, str]], found: Vectors) -> dict[str, dict[str, float]]:
    """Compute recall at 1, 5 and 10 by edit: whether a picture of the same family is retrieved."""
    families = np.array([r["family"] for r in rows])
    ranks = defaultdict(list)
    for n, row in enumerate(rows):
        same = families == row["family"]
        same[n] = False
        if row["kind"] == "original" or not same.any():
            continue
        scores = found @ found[n]
        scores[n] = -np.inf
        rank = int((scores > scores[same].max()).sum())
        for group in (row["edit"], "all copies" if row["kind"] == "copy" else "all crops"):
            ranks[group].append(rank)
    return {g: {f"@{k}": round(float(np.mean(np.array(r) < k)), 3) for k in (1, 5, 10)} for g, r in sorted(ranks.items())}


def speed(preparer: Preparer, encoder: Encoder, count: int = 512, size: int = 64) -> None:
    """Print pictures per second on one thread: preparing, the bare model, both; the best of three."""
    draw = np.random.default_rng(0)
    contents = [Content(kind="image", images=(draw.integers(0, 256, (480, 640, 3), np.uint8),)) for _ in range(32)]
    prepared = [preparer.prepare(c) for c in contents]
    batch = (prepared * size)[:size]
    encoder.encode(batch)
    preparing = min(_timed(lambda: [preparer.prepare(c) for c in contents]) for _ in range(3)) / len(contents)
    encoding = min(_timed(lambda: [encoder.encode(batch) for _ in range(count // size)]) for _ in range(3)) / count
    rates = {"prepare": 1 / preparing, "encode": 1 / encoding, "both": 1 / (preparing + encoding)}
    print(json.dumps({"pictures a second, 640x480 pixels, one thread": {k: round(v) for k, v in rates.items()}, "batch": size}))


def _timed(work: object) -> float:
    start = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
