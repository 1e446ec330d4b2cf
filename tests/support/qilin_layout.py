"""Files in Qilin's layout: folders of Parquet, numbers as floats with NaN (by pandas), pictures in parts, some missing."""

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

NAN = math.nan
EPOCH = pa.int64()
MONDAY = 1_722_816_000
"""2024-08-05 00:00 UTC, seconds."""
COUNTS = ["accum_like_num", "accum_collect_num", "accum_comment_num", "share_num", "view_time", "image_num", "note_type"]
TAXONOMIES = ["taxonomy1_id", "taxonomy2_id", "taxonomy3_id"]
RESULT = ["note_idx", "position", "click", "like", "comment", "collect", "share", "page_time"]
TEXTS = [
    "Oat cake: {} grams of oats, two eggs, bake for {} minutes at 180.",
    "A walk of {} km along the river, {} bridges, no hills at all.",
]


def note(idx, *, likes=500.0, images=None, kind=1.0, title=None, body=None, taxonomy=7.0):
    own = [f"image/part_{idx % 3}/{idx}/{idx * 10 + k}.jpg" for k in range(2)] if images is None else images
    counts = dict.fromkeys(COUNTS, 3.0) | {"accum_like_num": likes, "note_type": kind, "image_num": float(len(own or []))}
    texts = {"note_title": title or f"note {idx}", "note_content": body or TEXTS[idx % 2].format(idx + 3, idx + 11)}
    return {"note_idx": idx, "image_path": own} | texts | counts | dict.fromkeys(TAXONOMIES, taxonomy)


def result(idx, click, time_name, at, position=0.0):
    row = dict.fromkeys(RESULT, 0.0) | {"note_idx": idx, "position": position, "click": click, "page_time": 3.5}
    return row | {time_name: at}


def write_notes(root, rows, files=2):
    counts = [(name, pa.float64()) for name in [*COUNTS, *TAXONOMIES]]
    texts = [("note_title", pa.string()), ("note_content", pa.string()), ("image_path", pa.list_(pa.string()))]
    schema = pa.schema([("note_idx", pa.int64()), *texts, *counts])
    (root / "notes").mkdir(parents=True, exist_ok=True)
    for k in range(files):
        pq.write_table(pa.Table.from_pylist(rows[k::files], schema), root / "notes" / f"train-{k:05}-of-{files:05}.parquet")


def write_sessions(root, folder, rows, time_type=EPOCH):
    """Write sessions; `rows`: session, user, notes clicked before, results."""
    kind, time_name = ("rec", "request_timestamp") if "recommendation" in folder else ("search", "search_timestamp")
    fields = [(name, pa.int64() if name == "note_idx" else pa.float64()) for name in RESULT] + [(time_name, time_type)]
    details, index = f"{kind}_result_details_with_idx", "request_idx" if kind == "rec" else "search_idx"
    ids = [(name, pa.int64()) for name in ("session_idx", "user_idx", index)]
    lists = [("recent_clicked_note_idxs", pa.list_(pa.int64())), (details, pa.list_(pa.struct(fields)))]
    sessions = [
        {"session_idx": s, "user_idx": u, index: k, "recent_clicked_note_idxs": before}
        | {details: [result(idx, click, time_name, at) for idx, click, at in results]}
        for k, (s, u, before, results) in enumerate(rows)
    ]
    (root / folder).mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(sessions, pa.schema(ids + lists)), root / folder / "train-00000-of-00001.parquet")


def write_pictures(root, rows, parts=(0, 1)):
    """Write the pictures of the downloaded parts."""
    for row in rows:
        for path in row["image_path"] or []:
            if int(path.split("/")[1].removeprefix("part_")) in parts:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                draw(int(Path(path).stem)).save(root / path)


def draw(seed):
    """Generate a picture with edges, different for each seed."""
    random = np.random.default_rng(seed)
    blocks = random.integers(0, 255, (12, 16, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize((320, 240), Image.Resampling.NEAREST)
