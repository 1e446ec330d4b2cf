"""jobs/annotate_images.py on the small sample: its pairs are in the positives, once, and stay there."""

import json
import shutil
import unicodedata
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.workspace.workspace import Workspace
from tests.support.chain import copied

pytestmark = pytest.mark.ray


def annotated(workspace, models=1):
    from pipelines.engines.ray.cluster import Cluster, ray_session
    from pipelines.flows.annotate_images.flow import annotate
    from pipelines.flows.annotate_images.settings import AnnotateImages
    from pipelines.flows.annotate_images.summary import summary
    from pipelines.workspace.arrow_stages import ArrowStages

    settings = AnnotateImages(workspace=str(workspace), ray=Cluster(models=models, readers=1))
    stages = ArrowStages(Workspace(str(workspace)))
    with ray_session(settings.ray) as machines:
        annotate(stages, settings, machines)
    return summary(stages)


def rows(workspace, name):
    return pa.concat_tables([pq.read_table(file) for file in Workspace(str(workspace)).files(name)])


@pytest.fixture(scope="module")
def said(ray_local, mined, tmp_path_factory):
    workspace = copied(mined.workspace, tmp_path_factory.mktemp("annotated") / "w")
    return workspace, annotated(workspace)


def test_the_positives_are_those_of_mining_and_those_of_the_annotations(said, mined):
    before, after = (Counter(rows(w, "positives").column("task").to_pylist()) for w in (mined[0], said[0]))
    assert all(after[task] >= count for task, count in before.items())
    assert after["image_to_ocr"] == after["ocr_to_image"] == after["ocr_to_note"] > 10
    assert after["image_to_text"] > 10
    assert "Next: .venv/bin/python jobs/mine_hard_negatives.py" in said[1]


def test_what_was_read_is_what_was_drawn(said, corpus):
    drawn = {row["image_id"]: row["text"] for row in pq.read_table(corpus / "truth" / "images.parquet").to_pylist()}
    read = {r["image_id"]: r["text"] for r in rows(said[0], "annotations").to_pylist() if r["kind"] == "ocr" and r["text"]}
    same = [letters(text) == letters(drawn.get(image_id) or "") for image_id, text in read.items()]
    assert sum(same) > 0.8 * len(same)


def letters(text):
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def test_every_pair_is_there_once_and_its_items_too(said):
    positives, items = rows(said[0], "positives"), rows(said[0], "items")
    ids = positives.column("pair_id").to_pylist()
    known = {row["item_id"] for row in items.column("item").to_pylist()}
    assert len(ids) == len(set(ids))
    assert {row[side]["item_id"] for row in positives.to_pylist() for side in ("query", "target")} == known
    assert Workspace(str(said[0])).published("positives").report["pairs_across_splits"] == 0


def test_a_second_run_changes_nothing(said, capsys):
    before = {name: rows(said[0], name) for name in ("annotations", "positives", "items")}
    assert annotated(said[0]) == said[1]
    assert capsys.readouterr().err.count("unchanged, skipped") == 4
    assert all(rows(said[0], name).equals(table) for name, table in before.items())


def test_without_annotations_both_jobs_place_the_same_positives(ray_local, mined, tmp_path):
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
        now = Workspace(str(workspace)).published(name)
        assert rows(workspace, name).to_pylist() == table.to_pylist()
        assert now.run_id == runs[name].run_id or name == "items"  # of items the run follows from the files' bytes
        assert now.report == runs[name].report
        assert (now.counts.rows_out, now.counts.dropped) == (runs[name].counts.rows_out, runs[name].counts.dropped)


def test_annotations_of_an_earlier_mining_are_left_out_aloud(said, tmp_path):
    from pipelines.workspace.positive_sources import is_annotated, is_outdated, positive_sources

    workspace = tmp_path / "w"
    shutil.copytree(said[0], workspace)
    current = workspace / "mined" / "annotated" / "_current.json"
    told = json.loads(current.read_text())
    told["inputs"]["mined/within_note"] = "other rows"
    current.write_text(json.dumps(told))
    opened = Workspace(str(workspace))
    assert is_outdated(opened) and not is_annotated(opened)
    assert "mined/annotated" not in [table.name for table in positive_sources(opened)]
