"""jobs/build_shards.py again, on other inputs: fewer rows, pictures of a table, pictures that are gone, judged pairs."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.shards.ranking_lists.half_lists_step import RankingLists
from pipelines.shards.training_rows.select_pairs import Sft
from pipelines.shards.training_rows.soft_labels import SoftLabels
from pipelines.workspace.workspace import Workspace
from schemas.datasets import JUDGEMENTS
from schemas.errors import DataError
from schemas.shards import SPLITS, shard_files
from tests.support.chain import build, copied
from tests.support.workspaces import republish, rows

pytestmark = pytest.mark.ray  # its hard negatives come from Ray
SHARDED = [f"{kind}/{split}" for kind in ("sft", "rl") for split in SPLITS]


def dicts(workspace, name):
    return rows(workspace, name).to_pylist()


def items_of(row):
    """All items of a row."""
    positive = [row["positive"]["item"]] if "positive" in row else []
    return [row["query"], *positive, *(c["item"] for c in row["candidates"])]


def test_another_choice_of_rows_encodes_no_picture_again(spark, built, tmp_path):
    workspace = copied(built[0], tmp_path / "w")
    build(
        spark,
        workspace,
        sft=Sft(per_task=9, tasks=("image_to_note", "image_to_image")),
        ranking=RankingLists(lists=5, candidates=5, shared=2),
    )
    train = dicts(workspace, "sft/train")
    assert Counter(row["task"] for row in train)["image_to_note"] == 9
    assert set(Counter(row["task"] for row in train)) == {"image_to_note", "image_to_image"}
    lists = dicts(workspace, "rl/train")
    assert len(lists) == 5 and all(len(row["candidates"]) == 5 and row["relevant"] <= 3 for row in lists)
    assert Workspace(str(workspace)).published("shards/pictures").report["new"] == 0


def test_pictures_of_a_table_are_asked_for_and_read_there(spark, hard, built, tmp_path):
    workspace = copied(hard.workspace, tmp_path / "w")
    images = rows(workspace, "images")
    contents = {i["image_id"]: Path(i["uri"]).read_bytes() for i in images.to_pylist()}
    with_uris(workspace, images, pa.nulls(len(images), pa.string()))
    with pytest.raises(
        DataError, match="have no uri: they were mined from a table of bytes; pass the same table again: --images"
    ):
        build(spark, workspace)
    lost = sorted(contents)[0]
    contents[lost] = b"no picture"
    table = tmp_path / "images.parquet"
    pq.write_table(pa.table({"image_id": list(contents), "content": list(contents.values())}), table)
    output = build(spark, workspace, images=str(table))
    assert "changed since it was mined" in output
    for name in SHARDED:
        written = dicts(workspace, name)
        assert written and not any(lost in item["image_ids"] for row in written for item in items_of(row))
        run = Workspace(str(workspace)).published(name)
        assert run.counts.rows_in == run.counts.rows_out + sum(run.counts.dropped.values())
    one = [pa.ipc.open_file(pa.memory_map(str(s.pictures))).read_all().to_pylist() for s in shard_files(workspace / "rl/test")]
    other = [pa.ipc.open_file(pa.memory_map(str(s.pictures))).read_all().to_pylist() for s in shard_files(built[0] / "rl/test")]
    assert {p["image_id"]: p["content"] for some in one for p in some}.items() <= {
        p["image_id"]: p["content"] for some in other for p in some
    }.items()


def with_uris(workspace, images, uris):
    """Publish the same images with other uris."""
    republish(workspace, "images", images.set_column(images.schema.get_field_index("uri"), "uri", uris))


def test_a_corpus_whose_pictures_are_gone_is_refused(spark, hard, tmp_path):
    workspace = copied(hard.workspace, tmp_path / "w")
    images = rows(workspace, "images")
    with_uris(workspace, images, pa.array([f"/nowhere/{k}.jpg" for k in range(len(images))]))
    with pytest.raises(
        DataError,
        match=r"cannot be read, more than pictures.max_refused_share 0.01: {'missing file': \d+}; for example /nowhere",
    ):
        build(spark, workspace)


@pytest.mark.parametrize("calibrated", [True, False])
def test_judged_notes_make_lists_and_labels(spark, hard, tmp_path, calibrated):
    workspace = copied(hard.workspace, tmp_path / "w")
    judge(workspace, calibrated)
    output = build(spark, workspace, labels=SoftLabels(judge_ceiling=0.95))
    lists = [row for split in SPLITS for row in dicts(workspace, f"rl/{split}") if row["source"] == "judged"]
    labelled = [row for split in SPLITS for row in dicts(workspace, f"sft/{split}") if row["label_from"] == "judge"]
    if not calibrated:
        assert (lists, labelled) == ([], [])
        assert "the judgements are not calibrated" in output
        return
    assert len(lists) > 20 and len(labelled) > 100
    judgement_of = {(j["query_id"], j["candidate_id"]): j for j in dicts(workspace, "judgements")}
    for row in lists:
        good, others = row["candidates"][: row["relevant"]], row["candidates"][row["relevant"] :]
        judgements = [judgement_of[row["query"]["item_id"], c["item"]["item_id"]] for c in good]
        assert good and all(j["grade"] >= 1 for j in judgements)
        assert [c["soft_label"] for c in good] == sorted({j["calibrated"] for j in judgements}, reverse=True)
        assert {c["source"] for c in others} <= {"judged", "noise"} and others[-1]["source"] == "noise"
        assert all(
            judgement_of[row["query"]["item_id"], c["item"]["item_id"]]["grade"] == 0 for c in others if c["source"] == "judged"
        )
    for row in labelled:
        positive, *labels = (
            judgement_of[row["query"]["item_id"], c["item"]["item_id"]]["calibrated"]
            for c in [row["positive"], *row["candidates"]]
        )
        assert [c["soft_label"] for c in row["candidates"]] == labels
        assert row["positive"]["soft_label"] >= positive > max(labels, default=-1.0) and row["label_temperature"] == 0.1
        assert all(label < 0.95 for label in labels)


def judge(workspace, calibrated):
    """Judgements of every pair and negative of note_to_note, by a hash."""
    pairs = {
        (p["query"]["item_id"], p["target"]["item_id"]) for p in dicts(workspace, "positives") if p["task"] == "note_to_note"
    }
    pairs |= {(n["query_id"], n["candidate_id"]) for n in dicts(workspace, "hard_negatives") if n["task"] == "note_to_note"}
    judgements = []
    for query, candidate in sorted(pairs):
        score = int((query[:4] + candidate[:4]), 16) % 1000 / 1000
        judgements.append({
            "query_id": query, "candidate_id": candidate, "task": "note_to_note", "judge": "hash", "prompt_hash": "p", "score": score,
            "calibrated": score if calibrated else None, "grade": int(score * 3.99),
        })  # fmt: skip
    publish(workspace, pa.Table.from_pylist(judgements, JUDGEMENTS.columns))


def publish(workspace, table):
    from pipelines.workspace.arrow_io import write_parts
    from pipelines.workspace.stage_plan import counted, manifest, planned

    plan = planned([JUDGEMENTS], {}, {}, ())
    rows_ = table.sort_by([(name, "ascending") for name in JUDGEMENTS.key])
    place = Workspace(str(workspace))
    files = write_parts([rows_], JUDGEMENTS, place.new_run(JUDGEMENTS.name, plan.run_id))
    counts = counted(JUDGEMENTS, None, len(table), {})
    place.publish(manifest(JUDGEMENTS, plan, files, counts, seconds=0, packages=(), report={}))
