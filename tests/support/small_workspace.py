"""A small valid workspace: every dataset with a few rows, all audit rules satisfied. No engine."""

import hashlib
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.workspace.arrow_io import write_parts
from pipelines.workspace.filesystem import checksum
from pipelines.workspace.manifest import Counts, DataFile, Manifest
from pipelines.workspace.workspace import Workspace
from schemas import datasets, intermediate, relations, shards
from schemas.item import item_id

REGION = {"x0": 0.25, "y0": 0.125, "x1": 0.75, "y1": 0.875}
SHARED = "soak the beans overnight, then simmer them for an hour"
NOTES = {
    "a": ("Bean stew", f"My way: {SHARED}. Enjoy it with bread and a salad."),
    "b": ("Stew", f"From a friend: {SHARED}!"),
    "c": ("Bread", "Flour, water, salt; wait."),
    "d": ("A desk 书桌", "Oak, one metre twenty, found on the street."),
    "e": ("Boots", "Brown leather, good for rain."),
}
SPLITS = {"a": "train", "b": "train", "c": "train", "d": "validation", "e": "train"}
TIES = (("a", "b", "near_duplicate_image"), ("a", "b", "partial_text"))
COMPONENTS = {"a": "a", "b": "a", "c": "c", "d": "d", "e": "e"}
UNIT = [0.6, 0.8]


def item(kind, note, images=(), region=None, text=None):
    name = item_id(kind, note, images, list(region.values()) if region else None, text)
    return {"item_id": name, "kind": kind, "note_id": note, "image_ids": list(images), "region": region, "text": text}


def whole(note):
    return item("note", note, [f"{note}0"], text="\n".join(NOTES[note]))


def picture(note):
    return item("image", note, [f"{note}0"])


def pair(granularity, task, query, target, score=1.0, **evidence):
    serialized = " ".join([granularity, task, query["item_id"], target["item_id"]])
    return {
        "pair_id": hashlib.sha256(serialized.encode()).hexdigest()[:32],
        "granularity": granularity,
        "task": task,
        "query": query,
        "target": target,
        "score": score,
        "evidence": evidence,
    }


def passage(note):
    at = "\n".join(NOTES[note]).index(SHARED)
    return item("text", note, text=SHARED), at, at + len(SHARED)


def pairs():
    (one, s1, e1), (other, s2, e2) = passage("a"), passage("b")
    spans = {"query_start": s1, "query_end": e1, "target_start": s2, "target_end": e2, "shared_chars": len(SHARED)}
    return {
        "near_duplicate_image": [pair("near_duplicate_image", "image_to_image", picture("a"), picture("b"), 0.9, hamming_distance=4)],
        "crop": [pair("crop", "image_to_image", picture("b"), picture("a") | {"region": REGION}, 0.8, inliers=30, region=REGION)],
        "partial_text": [pair("partial_text", "text_to_text", one, other, 0.7, **spans)],
        "co_click": [
            pair("co_click", "note_to_note", whole("a"), whole("c"), 0.2, users=3, cooccurrence=0.5),
            pair("co_click", "note_to_note", whole("a"), whole("d"), 0.1, users=2, cooccurrence=0.3),
        ],
        "within_note": [
            *[pair("within_note", "image_to_note", picture(n), whole(n)) for n in NOTES],
            pair("within_note", "image_to_note", item("crop", "a", ["a0"], REGION), whole("a")),
        ],
    }  # fmt: skip


def publish(workspace, table, rows, *, name=None, rows_in=None, dropped=(), inputs=(), report=None):
    name = name or table.name
    key = [k.split(".") for k in table.key]
    rows = sorted(rows, key=lambda r: [_at(r, k) for k in key])
    part = pa.Table.from_pylist(rows, table.columns)
    files = write_parts([part], replace(table, name=name), workspace.new_run(name, "run1"))
    workspace.publish(
        Manifest(
            dataset=name,
            run_id="run1",
            files=files,
            counts=Counts(rows_in=rows_in, rows_out=len(rows), dropped=dict(dropped)),
            inputs={i: workspace.published(i).fingerprint for i in inputs},
            settings={"step": {"knob": 1, "of": name}},
            code="c0de",
            seconds=1.5,
            published_at="2026-01-02T03:04:05+00:00",
            versions={"pyarrow": "1"},
            report=report or {},
        )
    )


def rewrite(workspace, dataset, change=lambda rows: rows, columns=lambda table: table, **manifest):
    """Replace a dataset's rows without sorting or checks; the rest of the manifest is kept."""
    run = workspace.published(dataset)
    read = pa.concat_tables([pq.read_table(workspace.uri(run, f)) for f in run.files])
    table = columns(pa.Table.from_pylist(change(read.to_pylist()), read.schema))
    file = workspace.uri(run, run.files[0])
    pq.write_table(table, file)
    size, digest = checksum(file)
    files = [DataFile(path=run.files[0].path, rows=len(table), size_bytes=size, sha256=digest)]
    counts = replace(run.counts, rows_out=len(table))
    workspace.publish(replace(run, **({"files": files, "counts": counts} | manifest)))


def small_workspace(folder):
    w = Workspace(str(folder))
    _publish_intake(w)
    _publish_mined(w)
    _publish_negatives(w)
    _publish_judgements(w)
    _publish_shards(w)
    return w


def _publish_intake(w):
    notes = [
        {"note_id": n, "title": title, "body": body, "topic": "home", "images": [{"image_id": f"{n}0", "uri": f"{n}.jpg"}]}
        | {"like_count": 200, "image_count": 1, "kept_because": "like_count >= 101"}
        for n, (title, body) in NOTES.items()
    ]
    dropped_rows = [{"note_id": "f", "reason": "fewer than 101 likes", "like_count": 7, "topic": "home", "image_count": 0}]
    refused = {
        "notes": [{"id": "g", "source": "notes", "reason": "negative like_count", "detail": "-1"}],
        "images": [{"id": "e0", "source": "images", "reason": "missing file", "detail": "e.jpg: nothing there"}],
        "clicks": [{"id": "row 0123456789abcdef", "source": "clicks", "reason": "no clicked_at", "detail": "note_id a"}],
    }
    publish(w, datasets.NOTES, notes, rows_in=7, dropped={"fewer than 101 likes": 1, "refused: negative like_count": 1})
    publish(w, datasets.DROPPED_NOTES, dropped_rows, rows_in=1)
    for source, rows in refused.items():
        publish(w, intermediate.REFUSED[source], rows)
    publish(
        w,
        datasets.QUARANTINE,
        [row for rows in refused.values() for row in rows],
        inputs=[t.name for t in intermediate.REFUSED.values()],
    )
    images = [
        {"image_id": f"{n}0", "note_id": n, "position": 0, "uri": f"{n}.jpg", "sha256": hashlib.sha256(n.encode()).hexdigest()}
        | {"width": 4, "height": 4, "phash": 1, "pdq": b"0", "quality": 90, "surface": "photo"}
        for n in NOTES
    ]
    publish(w, datasets.IMAGES, images, rows_in=6, dropped={"refused: missing file": 1}, inputs=["notes"])


def _publish_mined(w):
    mined = pairs()
    for name, rows in mined.items():
        report = {"clicks_read": 8, "clicks_refused": 1, "clicks_counted": 7} if name == "co_click" else None
        publish(w, intermediate.MINED[name], rows, inputs=["notes", "images"], report=report)
    sizes = {c: list(COMPONENTS.values()).count(c) for c in COMPONENTS.values()}
    component_rows = [
        {"note_id": n, "component_id": c, "size": sizes[c], "content_group": c, "split": SPLITS[n]}
        for n, c in COMPONENTS.items()
    ]
    variant = [pair("variant", "image_to_image", picture("c"), picture("e"), 0.8, hamming_distance=30)]
    publish(w, relations.VARIANTS, variant, inputs=["images"])
    ties = [
        {"note_id_l": one, "note_id_r": other, "reason": reason, "weight": 0.9, "is_weak": False} for one, other, reason in TIES
    ]
    publish(w, relations.NOTE_TIES, ties, inputs=["variants"])
    publish(w, datasets.COMPONENTS, component_rows, inputs=["notes", "note_ties"])
    ends = [(row, row["query"]["note_id"], row["target"]["note_id"]) for rows in mined.values() for row in rows]
    kept = [row | {"component_id": COMPONENTS[q], "split": SPLITS[q]} for row, q, t in ends if SPLITS[q] == SPLITS[t]]
    dropped = {"co_click: notes in two splits": len(ends) - len(kept)}
    publish(w, datasets.POSITIVES, kept, dropped=dropped, inputs=["components", *[t.name for t in intermediate.MINED.values()]])
    items = {side["item_id"]: side for row in kept for side in (row["query"], row["target"])}
    items = {k: v if v["kind"] == "crop" else v | {"region": None} for k, v in items.items()}
    publish(w, datasets.ITEMS, [{"item": v, "split": SPLITS[v["note_id"]]} for v in items.values()], inputs=["positives"])


def _publish_negatives(w):
    annotation = {"image_id": "a0", "note_id": "a", "sha256": "5", "kind": "ocr", "model": "m", "text": "stew"}
    publish(w, datasets.ANNOTATIONS, [annotation], inputs=["images"])
    without = item("note", "a", text="\n".join(NOTES["a"]))
    ids = {"query_id": picture("a")["item_id"], "positive_id": whole("a")["item_id"], "task": "image_to_note"}
    publish(w, datasets.COUNTERFACTUALS, [ids | {"item": without, "images_out": ["a0"], "chars_out": 0}], inputs=["positives"])
    vectors = [{"item_id": "x", "note_id": "a", "model": "m", "pictures": "", "vector": UNIT}]
    vectors += [{"item_id": "y", "note_id": "a", "model": "m", "pictures": "", "reason": "no picture"}]
    publish(w, datasets.EMBEDDINGS, vectors)
    rows = [
        negative(picture("a"), whole("a"), "image_to_note", without, 1, "rule", None),
        negative(picture("a"), whole("a"), "image_to_note", whole("e"), 2, "band", 0.5),
        negative(picture("a"), picture("b"), "image_to_image", picture("e"), 1, "band", 0.4),
    ]
    report = {"candidates": 9, "left": 2, "taken": {"below_band: similarity below the band": 7}}
    publish(w, datasets.HARD_NEGATIVES, rows, inputs=["positives", "components", "items", "counterfactuals"], report=report)
    short = {
        "wanted": 8,
        "candidates": 9,
        "reason": "below_band: similarity below the band",
        "dropped": [("below_band: similarity below the band", 7)],
    }
    ends = [(r["query_id"], r["positive_id"], r["task"]) for r in rows]
    shortfalls = [
        dict(zip(("query_id", "positive_id", "task"), end, strict=True)) | short | {"written": ends.count(end)}
        for end in dict.fromkeys(ends)
    ]
    publish(w, datasets.SHORTFALLS, shortfalls, inputs=["positives"])


def negative(query, positive, task, candidate, rank, source, similarity):
    ids = {"query_id": query["item_id"], "positive_id": positive["item_id"], "candidate_id": candidate["item_id"]}
    return ids | {"task": task, "rank": rank, "similarity": similarity, "source": source}


def _publish_judgements(w):
    ids = {"query_id": picture("a")["item_id"], "task": "image_to_note", "judge": "overlap", "prompt_hash": "p"}
    rows = [
        ids | {"candidate_id": whole("a")["item_id"], "score": 0.9, "calibrated": 0.95, "grade": 3},
        ids | {"candidate_id": whole("e")["item_id"], "score": 0.1, "calibrated": 0.02, "grade": 0},
    ]
    publish(w, datasets.JUDGEMENTS, rows)


def _candidate(item_row, source):
    return {
        "item": item_row,
        "component_id": COMPONENTS[item_row["note_id"]],
        "similarity": 0.5,
        "soft_label": 0.5,
        "source": source,
    }


def _publish_shards(w):
    for split, notes in (("train", ["a", "e"]), ("validation", ["d"]), ("test", [])):
        rows = [
            {"position": k, "task": "image_to_note", "granularity": "within_note", "query": picture(n)}
            | {"pair_id": pair("within_note", "image_to_note", picture(n), whole(n))["pair_id"], "component_id": COMPONENTS[n]}
            | {"positive": _candidate(whole(n), "within_note"), "candidates": []}
            for k, n in enumerate(notes)
        ]
        if split == "train":
            rows[0]["candidates"] = [
                _candidate(item("note", "a", text="\n".join(NOTES["a"])), "rule"),
                _candidate(whole("e"), "band"),
            ]
        lists = [
            {"position": k, "list_id": n, "source": "split", "query": picture(n), "component_id": COMPONENTS[n]}
            | {"candidates": [_candidate(whole(n), "half")], "relevant": 1}
            for k, n in enumerate(notes)
        ]
        publish(w, shards.SFT, rows, name=f"sft/{split}", inputs=["positives"])
        publish(w, shards.RL, lists, name=f"rl/{split}", inputs=["positives"])


def _at(row, path):
    for part in path:
        row = row[part]
    return row
