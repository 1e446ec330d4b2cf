"""The report's counts against a slow reading of their definitions, on worlds made by chance."""

import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sources.sample_corpus.truth.report import truth_report
from schemas.datasets import COMPONENTS, NOTES, POSITIVES, QUARANTINE

NOTE_IDS = "abcdef"
image = st.fixed_dictionaries(
    {
        "note_id": st.sampled_from(NOTE_IDS),
        "family": st.sampled_from("xyz"),
        "kind": st.sampled_from(["original", "copy", "crop"]),
    }
)
picked = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from(["near_duplicate_image", "crop"])), max_size=12
)


def _item(truth):
    return {
        "item_id": "",
        "kind": "image",
        "note_id": truth["note_id"],
        "image_ids": [truth["image_id"]],
        "region": None,
        "text": None,
    }


@settings(max_examples=60, deadline=None)
@given(st.lists(image, min_size=10, max_size=10), picked, st.sets(st.sampled_from(NOTE_IDS), min_size=1))
def test_counts_are_those_of_the_definition(images, picks, kept):
    world = [
        t | {"image_id": str(n), "edit": "e" if t["kind"] == "copy" else "crop40", "box": None} for n, t in enumerate(images)
    ]
    pairs = [(world[a], world[b], granularity) for a, b, granularity in picks]
    rows = {r.measure: r for r in _report(world, pairs, kept) if r.part == ""}

    counted = [(a, b, g) for a, b, g in pairs if a["note_id"] in kept and b["note_id"] in kept]
    for granularity, kind in (("near_duplicate_image", "copy"), ("crop", "crop")):
        mine = [(a, b) for a, b, g in counted if g == granularity]
        right = [(a, b) for a, b in mine if a["family"] == b["family"]]
        expected, result = 0, 0
        for t in world:
            others = [o for o in world if o["family"] == t["family"] and o["kind"] != "crop" and o["note_id"] in kept]
            if kind == "copy":
                others = [o for o in others if o["note_id"] != t["note_id"]]
            if t["kind"] == kind and t["note_id"] in kept and others:
                expected += 1
                result += any(a is t or (kind == "copy" and b is t) for a, b in right)
        row = rows[granularity]
        assert (row.matched, row.expected, row.correct, row.checked) == (result, expected, len(right), len(mine))


def _report(world, pairs, kept):
    positives = [
        {
            "pair_id": "", "granularity": g, "task": "", "query": _item(a), "target": _item(b), "score": 1.0,
            "evidence": None, "component_id": "", "split": "train",
        }
        for a, b, g in pairs
    ]  # fmt: skip
    notes = [
        {"note_id": n, "topic": "t", "images": [], "like_count": 1, "image_count": 0, "kept_because": "likes"}
        for n in sorted(kept)
    ]
    components = [{"note_id": n, "component_id": n, "size": 1, "content_group": n, "split": "train"} for n in sorted(kept)]
    tables = {
        "positives": pa.Table.from_pylist(positives, POSITIVES.columns),
        "quarantine": QUARANTINE.columns.empty_table(),
        "components": pa.Table.from_pylist(components, COMPONENTS.columns),
        "notes": pa.Table.from_pylist(notes, NOTES.columns),
    }
    with tempfile.TemporaryDirectory() as folder:
        pq.write_table(pa.Table.from_pylist(world), Path(folder) / "images.parquet")
        return truth_report(Path(folder), tables)
