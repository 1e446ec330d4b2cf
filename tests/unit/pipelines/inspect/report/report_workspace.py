"""A small workspace with generated rows, published as jobs do; includes notes that try to inject markup into the page."""

import hashlib
import io
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from pipelines.workspace.arrow_io import write_parts
from pipelines.workspace.stage_plan import counted, manifest, planned
from pipelines.workspace.workspace import Workspace
from schemas.datasets import (
    COMPONENTS,
    COUNTERFACTUALS,
    EMBEDDINGS,
    EVIDENCE,
    HARD_NEGATIVES,
    IMAGES,
    ITEMS,
    JUDGEMENTS,
    NOTES,
    POSITIVES,
    QUARANTINE,
)
from schemas.intermediate import ANNOTATED, MINED, PICTURES
from schemas.item import full_text, item_id

HOSTILE = [
    "<script>window.broken = 1</script>",
    "</script><script>window.broken = 2</script>",
    '"><img src=x onerror="window.broken = 3">',
    "'><svg onload=window.broken=4>",
    "</style></title></textarea><iframe src=javascript:window.broken=5>",
    "<!-- <b>open <table><tr><td>",
    "&lt;b&gt; &amp; {{ 7 * 7 }} {% raw %}",
    "<a href='https://elsewhere.example/x'>x</a> https://elsewhere.example/y",
    "\u202eright to left\u202c مرحبا بالعالم",
    "nul \x00 bell \x07 end",
]
SHARED = "先把干毛巾卷成一条，再沿着盆边慢慢浇水，等土吸满再停"
NOTE_COUNT = 14


def note_row(k):
    """Build a note with a hostile title, a body that contains the shared passage, and two pictures."""
    markup = HOSTILE[k % len(HOSTILE)]
    body = f"{markup}\n浇水日记{k}：{SHARED}。{markup}"
    ids = [f"n{k:02}_{i}" for i in range(2)]
    return {
        "note_id": f"n{k:02}", "title": f"{markup} #{k}", "body": body, "topic": markup, "like_count": 200, "image_count": 2,
        "images": [{"image_id": i, "uri": f"{i}.jpg"} for i in ids], "kept_because": "likes",
    }  # fmt: skip


def item(kind, note, image_ids=(), region=None, text=None):
    box = None if region is None else dict(zip(("x0", "y0", "x1", "y1"), region, strict=True))
    name = item_id(kind, note["note_id"], image_ids, region, text)
    return {
        "item_id": name,
        "kind": kind,
        "note_id": note["note_id"],
        "image_ids": list(image_ids),
        "region": box,
        "text": text,
    }


def whole(note):
    return item("note", note, [i["image_id"] for i in note["images"]], text=full_text(note["title"], note["body"]))


def pair(granularity, task, query, target, score, **evidence):
    serialized = f"{granularity} {task} {query['item_id']} {target['item_id']}"
    return {
        "pair_id": hashlib.sha256(serialized.encode()).hexdigest()[:32], "granularity": granularity, "task": task,
        "query": query, "target": target, "score": score, "component_id": "n00", "split": "train",
        "evidence": {name: evidence.get(name) for name in EVIDENCE.names},
    }  # fmt: skip


def pairs_of(notes):
    """Generate pairs of every granularity between each note and the next one."""
    for k, (one, other) in enumerate(pairwise(notes)):
        left, right = (item("image", n, [n["images"][0]["image_id"]]) for n in (one, other))
        yield pair("near_duplicate_image", "image_to_image", left, right, 0.5 + k / 40, hamming_distance=k, inliers=60,
                   pixel_correlation=0.9, mirrored=k % 2 == 0)  # fmt: skip
        region = (0.25, 0.125, 0.75, 0.5)
        cut = item("image", one, [one["images"][1]["image_id"]])
        larger = item("image", other, [other["images"][1]["image_id"]], region=region)
        boxed = dict(zip(("x0", "y0", "x1", "y1"), region, strict=True))
        yield pair("crop", "image_to_image", cut, larger, 0.9 + k / 200, inliers=9, pixel_correlation=0.5, region=boxed)
        spans = []
        for note in (one, other):
            at = full_text(note["title"], note["body"]).index(SHARED)
            spans += [at, at + len(SHARED)]
        texts = (item("text", n, text=SHARED) for n in (one, other))
        where = dict(zip(("query_start", "query_end", "target_start", "target_end"), spans, strict=True))
        yield pair("partial_text", "text_to_text", *texts, 0.3, shared_chars=len(SHARED), containment=0.3, **where)
        yield pair("co_click", "note_to_note", whole(one), whole(other), k / 20, users=3 + k, cooccurrence=0.4, swing=0.2)
        yield pair("within_note", "image_to_note", left, whole(one), 1.0)
        yield pair("within_note", "text_to_note", item("text", one, text=one["body"]), whole(one), 1.0)


def picture(k, side=160):
    """Generate a JPEG that is different for each k."""
    noise = np.random.default_rng(k).integers(0, 255, (6, 8, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).resize((side, side * 3 // 4)).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def image_rows(notes, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for k, (note, at) in enumerate((note, at) for note in notes for at in range(2)):
        content, name = picture(k), note["images"][at]["image_id"]
        (folder / f"{name}.jpg").write_bytes(content)
        yield {
            "image_id": name, "note_id": note["note_id"], "position": at, "uri": str(folder / f"{name}.jpg"),
            "sha256": hashlib.sha256(content).hexdigest(), "width": 160, "height": 120, "phash": k,
            "pdq": bytes([k] * 32), "quality": 100, "surface": "photo",
        }  # fmt: skip


def negatives_of(pairs, items):
    """Generate a negative for each near-duplicate query: the picture of another note."""
    some = [p for p in pairs if p["granularity"] == "near_duplicate_image"]
    for k, one in enumerate(some):
        far = some[(k + 5) % len(some)]["query"]
        yield {
            "query_id": one["query"]["item_id"], "positive_id": one["target"]["item_id"], "candidate_id": far["item_id"],
            "task": one["task"], "rank": 1, "similarity": 0.3 + k / 100, "soft_label": 0.3, "source": "band",
            "label_from": "similarity",
        }  # fmt: skip


def judgements_of(pairs, negatives):
    """Generate judgements: high for two thirds of the mined pairs and for every second negative."""
    for k, one in enumerate(pairs):
        yield judgement(one["query"]["item_id"], one["target"]["item_id"], one["task"], 0.2 if k % 3 == 0 else 0.9)
    for k, one in enumerate(negatives):
        yield judgement(one["query_id"], one["candidate_id"], one["task"], 0.8 if k % 2 else 0.1 + k / 100)


def judgement(query, candidate, task, p, **other):
    return {
        "query_id": query, "candidate_id": candidate, "task": task, "judge": "overlap#1", "prompt_hash": "h", "score": p,
        "calibrated": p, "grade": None if p is None else 3 if p > 0.5 else 0, "flagged": "gives orders" if p == 0.2 else None,
    } | other  # fmt: skip


def publish_sample(folder, with_negatives=True, with_judge=True):
    """Publish the workspace, and return its rows by dataset."""
    notes = [note_row(k) for k in range(NOTE_COUNT)]
    pairs = list({p["pair_id"]: p for p in pairs_of(notes)}.values())
    items = {side["item_id"]: {**side, "region": None} for p in pairs for side in (p["query"], p["target"])}
    negatives = list(negatives_of(pairs, items))
    rows = {
        NOTES: notes,
        IMAGES: list(image_rows(notes, folder / "pictures")),
        POSITIVES: pairs,
        COMPONENTS: [
            {
                "note_id": n["note_id"],
                "component_id": "n00" if k < 9 else n["note_id"],
                "size": 9 if k < 9 else 1,
                "content_group": "n00" if k < 9 else n["note_id"],
                "split": "train",
            }
            for k, n in enumerate(notes)
        ],
        ITEMS: [{"item": one, "split": "train"} for one in items.values()],
        QUARANTINE: [
            {"id": markup, "source": "notes", "reason": "odd", "detail": f"{markup} in {k}"} for k, markup in enumerate(HOSTILE)
        ],
    }
    if with_negatives:
        rows[HARD_NEGATIVES] = negatives
        rows[EMBEDDINGS] = [
            {"item_id": name, "note_id": one["note_id"], "model": "m", "pictures": "", "vector": vector(k)}
            for k, (name, one) in enumerate(items.items())
        ]
        rows[COUNTERFACTUALS] = []
    if with_judge:
        unique = {(j["query_id"], j["candidate_id"]): j for j in judgements_of(pairs, negatives)}
        rows[JUDGEMENTS] = list(unique.values())
    for table in (PICTURES, *MINED.values(), ANNOTATED):
        rows[table] = []
    for table, some in rows.items():
        publish(folder, table, some)
    return {table.name: some for table, some in rows.items()}


def vector(k):
    values = np.random.default_rng(k).normal(size=8)
    return (values / np.linalg.norm(values)).astype(np.float32).tolist()


def publish(folder, table, rows, dropped=None, report=None):
    """Publish rows without the views, which take a second per table."""
    unsorted = pa.Table.from_pylist(rows, table.columns)
    if table is ITEMS:
        ordered = unsorted.take(pc.sort_indices(unsorted.column("item").combine_chunks().field("item_id")))
    else:
        ordered = unsorted.sort_by([(name, "ascending") for name in table.key])
    is_filtered = table is HARD_NEGATIVES
    settings = {"guard": {"margin": {"floor": 0.2, "ceiling": 0.8}, "max_pdq_distance": 96}} if is_filtered else {}
    filter_report = (
        {"model": "m", "candidates": 40, "left": 30, "taken": {"below_band: similarity below the band": 10}}
        if is_filtered
        else {}
    )
    workspace = Workspace(str(folder))
    plan = planned([table], {"generated": str(len(rows))}, settings, ())
    files = write_parts([ordered], table, workspace.new_run(table.name, plan.run_id))
    counts = counted(table, None, len(rows), dropped or {})
    workspace.publish(manifest(table, plan, files, counts, seconds=1.0, packages=(), report=report or filter_report))
