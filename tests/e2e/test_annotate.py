"""jobs/annotate_images.py on the small sample: its pairs are in the positives, once, and a second run keeps them."""

import json
import shutil
import unicodedata
from collections import Counter

import pyarrow.parquet as pq
import pytest

from pipelines.workspace.workspace import Workspace
from tests.support.chain import annotate, copied
from tests.support.workspaces import rows

pytestmark = pytest.mark.ray


def test_the_positives_are_those_of_mining_and_those_of_the_annotations(annotated, mined):
    before, after = (Counter(rows(w, "positives").column("task").to_pylist()) for w in (mined.workspace, annotated.workspace))
    assert all(after[task] >= count for task, count in before.items())
    assert after["image_to_ocr"] == after["ocr_to_image"] == after["ocr_to_note"] > 10
    assert after["image_to_text"] > 10
    assert "Next: .venv/bin/python jobs/mine_hard_negatives.py" in annotated.summary


def test_ocr_reads_the_drawn_text(annotated, corpus):
    drawn = {row["image_id"]: row["text"] for row in pq.read_table(corpus / "truth" / "images.parquet").to_pylist()}
    read = {
        r["image_id"]: r["text"]
        for r in rows(annotated.workspace, "annotations").to_pylist()
        if r["kind"] == "ocr" and r["text"]
    }
    same = [letters(text) == letters(drawn.get(image_id) or "") for image_id, text in read.items()]
    assert sum(same) > 0.8 * len(same)


def letters(text):
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def test_every_pair_is_listed_once_and_its_items_too(annotated):
    positives, items = rows(annotated.workspace, "positives"), rows(annotated.workspace, "items")
    ids = positives.column("pair_id").to_pylist()
    listed = {row["item_id"] for row in items.column("item").to_pylist()}
    assert len(ids) == len(set(ids))
    assert {row[side]["item_id"] for row in positives.to_pylist() for side in ("query", "target")} == listed
    assert Workspace(str(annotated.workspace)).published("positives").report["pairs_across_splits"] == 0


def test_a_second_run_changes_nothing(annotated, capsys):
    before = {name: rows(annotated.workspace, name) for name in ("annotations", "positives", "items")}
    assert annotate(annotated.workspace) == annotated.summary
    assert capsys.readouterr().err.count("unchanged, skipped") == 4
    assert all(rows(annotated.workspace, name).equals(table) for name, table in before.items())


def test_without_annotations_both_jobs_publish_the_same_positives(ray_local, mined, tmp_path):
    from pipelines.flows.annotate_images.flow import list_items, place_positives
    from pipelines.workspace.arrow_stages import ArrowStages

    workspace = copied(mined.workspace, tmp_path / "w")
    before = {name: rows(workspace, name) for name in ("positives", "items")}
    runs = {name: Workspace(str(workspace)).published(name) for name in before}
    for name in before:
        (workspace / name / "_current.json").unlink()
    stages = ArrowStages(Workspace(str(workspace)))
    place_positives(stages)
    list_items(stages)
    for name, table in before.items():
        again = Workspace(str(workspace)).published(name)
        assert rows(workspace, name).to_pylist() == table.to_pylist()
        assert (
            again.run_id == runs[name].run_id or name == "items"
        )  # the run id of the items follows from the bytes of the files
        assert again.report == runs[name].report
        assert (again.counts.rows_out, again.counts.dropped) == (runs[name].counts.rows_out, runs[name].counts.dropped)


def test_annotations_of_an_earlier_mining_are_left_out(annotated, tmp_path):
    from pipelines.workspace.positive_sources import is_annotated, is_outdated, positive_sources

    workspace = tmp_path / "w"
    shutil.copytree(annotated.workspace, workspace)
    current = workspace / "mined" / "annotated" / "_current.json"
    manifest = json.loads(current.read_text())
    manifest["inputs"]["mined/within_note"] = "other rows"
    current.write_text(json.dumps(manifest))
    opened = Workspace(str(workspace))
    assert is_outdated(opened) and not is_annotated(opened)
    assert "mined/annotated" not in [table.name for table in positive_sources(opened)]
