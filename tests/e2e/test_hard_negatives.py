"""jobs/mine_hard_negatives.py on the small sample: no negative answers its query, and the same rows whatever happens."""

import re
import subprocess
import sys
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.negatives.calibration.planted_labels import PlantedRelations
from pipelines.workspace.workspace import Workspace
from testkit import false_negative_count
from testkit.planted_truth import PlantedTruth
from tests.support.chain import copied, mine_negatives
from tests.support.workspaces import ROOT, republish

pytestmark = pytest.mark.ray


def rows(workspace, name):
    return pa.concat_tables([pq.read_table(file) for file in Workspace(str(workspace)).files(name)])


def command(workspace, *more):
    sets = ["ray.address=local", "ray.models=1", "ray.readers=1", "encoder.chunk_items=64", "encoder.chunk_pictures=24"]
    arguments = [part for one in sets for part in ("--set", one)]
    job = str(ROOT / "jobs/mine_hard_negatives.py")
    return [sys.executable, job, "--workspace", str(workspace), *arguments, *more]


def test_the_last_words_say_what_was_made_and_what_to_do_next(hard):
    assert "Hard negatives in" in hard[1]
    assert "image_to_note" in hard[1] and "rule" in hard[1]
    assert "ranks 6 to 50 below the positive (nv-percpos-0.95), among 20,000 items a task at most" in hard[1]
    assert re.search(r"image_to_note +[1-9][.\d]+ a pair of ", hard[1])
    assert "hard_negatives limit 5" in hard[1].strip().splitlines()[-1]


def test_no_negative_is_a_copy_a_crop_or_a_quote(hard, corpus):
    truth = PlantedRelations(*(pq.read_table(corpus / "truth" / f"{name}.parquet") for name in ("images", "passages")))
    items = [*rows(hard[0], "items").column("item").to_pylist(), *rows(hard[0], "counterfactuals").column("item").to_pylist()]
    note = {item["item_id"]: item["note_id"] for item in items}
    negatives = rows(hard[0], "hard_negatives").to_pylist()
    searched = [row for row in negatives if row["source"] == "band"]
    false = [
        r for r in searched for side in ("query_id", "positive_id") if truth.related(note[r[side]], note[r["candidate_id"]])
    ]
    assert len(searched) > 500
    assert false == []


def test_the_count_against_the_truth_is_zero_and_sees_a_false_one(hard, corpus, monkeypatch):
    found = false_negative_count.count_false_negatives(str(hard[0]), corpus / "truth")
    assert found["negatives"] > 500
    assert (found["false"], found["false_pairs"]) == (0, [])
    monkeypatch.setattr(PlantedTruth, "related", lambda *_: True)
    searched = [row for row in rows(hard[0], "hard_negatives").to_pylist() if row["source"] == "band"]
    assert false_negative_count.count_false_negatives(str(hard[0]), corpus / "truth")["false_by_source"] == {
        "band": len(searched)
    }


def test_a_rule_made_negative_does_not_show_the_picture_that_asks(hard, corpus):
    family = {row["image_id"]: row["family"] for row in pq.read_table(corpus / "truth" / "images.parquet").to_pylist()}
    items = {item["item_id"]: item for item in rows(hard[0], "items").column("item").to_pylist()}
    made = [r for r in rows(hard[0], "counterfactuals").to_pylist() if r["task"] == "image_to_note"]
    shown = [
        ({family[i] for i in r["item"]["image_ids"]}, {family[i] for i in items[r["query_id"]]["image_ids"]}) for r in made
    ]
    assert len(made) > 20
    assert [pair for pair in shown if pair[0] & pair[1]] == []


def test_a_negative_answers_its_task_elsewhere(hard):
    """Or it is told from the positive by its form: a crop where all answers are whole, a body where they are captions."""
    pairs = rows(hard[0], "positives").to_pylist()
    answers = {(pair["task"], pair["target"]["item_id"]) for pair in pairs}
    searched = [row for row in rows(hard[0], "hard_negatives").to_pylist() if row["source"] != "rule"]
    unlike = [row for row in searched if len(set(row["task"].split("_to_"))) == 2]
    assert len(unlike) > 200
    assert [row for row in unlike if (row["task"], row["candidate_id"]) not in answers] == []
    kinds = {item["item_id"]: item["kind"] for item in rows(hard[0], "items").column("item").to_pylist()}
    wanted = {(pair["task"], pair["target"]["kind"]) for pair in pairs}
    assert {(row["task"], kinds[row["candidate_id"]]) for row in searched} <= wanted


def test_a_rule_made_negative_has_a_similarity(hard):
    ruled = [row for row in rows(hard[0], "hard_negatives").to_pylist() if row["source"] == "rule"]
    assert ruled
    assert all(row["rank"] == 1 and row["similarity"] is not None for row in ruled)


def test_every_pair_has_its_negatives_or_a_reason(hard):
    wanted = 8
    written = Counter((r["query_id"], r["positive_id"]) for r in rows(hard[0], "hard_negatives").to_pylist())
    short = {(r["query_id"], r["positive_id"]): r for r in rows(hard[0], "shortfalls").to_pylist()}
    assert all(n == wanted for pair, n in written.items() if pair not in short)
    assert all(row["written"] == written[pair] and row["reason"] for pair, row in short.items())


def test_a_second_run_skips_every_stage_and_computes_no_vector(hard, capsys):
    assert mine_negatives(hard[0]) == hard[1]
    told = capsys.readouterr().err
    assert [line.split(" ", 1)[1].split(",")[0] for line in told.splitlines() if "skipped" in line] == [
        f"{name}: unchanged" for name in ("counterfactuals", "embeddings", "hard_negatives")
    ]


def test_a_picture_that_is_none_costs_its_own_rows(hard, mined, tmp_path):
    workspace = copied(mined.workspace, tmp_path / "w")
    images = rows(workspace, "images")
    poison = tmp_path / "poison.jpg"
    poison.write_bytes(b"\xff\xd8 no picture")
    uris = [str(poison), *images.column("uri").to_pylist()[1:]]
    republish(workspace, "images", images.set_column(images.schema.get_field_index("uri"), "uri", pa.array(uris)))
    image_id = images.column("image_id")[0].as_py()
    shows = {i["item_id"] for i in rows(workspace, "items").column("item").to_pylist() if image_id in i["image_ids"]}
    assert "failed" in mine_negatives(workspace)
    failed = [row for row in rows(workspace, "embeddings").to_pylist() if str(poison) in (row["detail"] or "")]
    assert shows <= {row["item_id"] for row in failed}
    assert {row["reason"] for row in failed} <= {"not a picture", "truncated"}
    assert {row["note_id"] for row in failed} == {images.column("note_id")[0].as_py()}


def test_calibration_is_stored_for_the_encoder_and_used_by_the_next_run(mined, corpus, tmp_path):
    from pipelines.flows.mine_hard_negatives.settings import BandLabels
    from pipelines.negatives.calibration.fit_band import FitBand

    workspace, fit = copied(mined.workspace, tmp_path / "w"), FitBand(target=0.05)
    told = mine_negatives(workspace, labels=BandLabels(calibrate=True, truth=str(corpus / "truth")), calibrate=fit)
    assert "tau_max" in told and "fitted now" in told
    assert (workspace / "calibration.json").exists()
    assert "from calibration.json" in mine_negatives(workspace)


def test_a_workspace_that_was_not_mined_is_one_line(tmp_path):
    done = subprocess.run(command(tmp_path / "w"), capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("error: ")
    assert "no dataset 'positives' has been published" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("job", ["annotate_images", "mine_hard_negatives"])
def test_a_ray_job_does_not_import_spark(job):
    code = (
        f"import runpy, sys; runpy.run_path('jobs/{job}.py'); sys.exit(any(m.split('.')[0] == 'pyspark' for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=200, check=False).returncode == 0
