"""jobs/build_shards.py on the small sample: rows as the tables have them, in shards that need nothing else."""

import io
import shutil
from collections import Counter
from itertools import pairwise

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipelines.flows.build_shards.settings import Shard
from pipelines.workspace.workspace import Workspace
from schemas.errors import DataError
from schemas.shards import PICTURES, RL, SFT, SPLITS, shard_files
from tests.support.chain import build, copied
from tests.support.workspaces import rows

pytestmark = pytest.mark.ray  # its hard negatives come from Ray
SHARDED = [f"{kind}/{split}" for kind in ("sft", "rl") for split in SPLITS]
SMALL = Shard(shard_bytes=4 << 20)
"""Several shards of the small sample."""


def dicts(workspace, name):
    return rows(workspace, name).to_pylist()


def items_of(row):
    """All items of a row."""
    positive = [row["positive"]["item"]] if "positive" in row else []
    return [row["query"], *positive, *(c["item"] for c in row["candidates"])]


def test_the_closing_summary_has_the_shards_and_the_next_command(built):
    assert "sft/train" in built[1] and "rl/test" in built[1] and "image_to_note" in built[1]
    assert "training rows without hard negatives are kept" in built[1]
    assert built[1].strip().splitlines()[-1] == f"next: python -m uninote_train sft --shards {built[0]}/sft"


def test_a_shard_needs_nothing_but_its_two_files(built, tmp_path):
    for name in SHARDED:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        for shard in shard_files(built[0] / name):
            shutil.copy(shard.rows, folder)
            shutil.copy(shard.pictures, folder)
        position = 0
        for shard in shard_files(folder):
            table = pq.read_table(shard.rows)
            (SFT if name.startswith("sft") else RL).check(table.schema)
            assert table.column("position").to_pylist() == list(range(position, position + len(table)))
            position += len(table)
            with pa.memory_map(str(shard.pictures)) as mapped:
                pictures = pa.ipc.open_file(mapped).read_all()
                assert pictures.schema == PICTURES
                ids = pictures.column("image_id").to_pylist()
                expected = {i for row in table.to_pylist() for item in items_of(row) for i in item["image_ids"]}
                assert ids == sorted(expected)
                for content in pictures.column("content")[:3].to_pylist():
                    assert max(Image.open(io.BytesIO(content)).size) <= 768
        assert position == Workspace(str(built[0])).published(name).counts.rows_out
    assert len(shard_files(tmp_path / "sft/train")) > 1


def test_every_pair_is_a_row_with_its_own_negatives(built):
    positives = {p["pair_id"]: p for p in dicts(built[0], "positives")}
    items = {i["item"]["item_id"]: i["item"] for name in ("items", "counterfactuals") for i in dicts(built[0], name)}
    component = {c["note_id"]: c["component_id"] for c in dicts(built[0], "components")}
    negatives = {}
    for n in sorted(dicts(built[0], "hard_negatives"), key=lambda n: n["rank"]):
        negatives.setdefault((n["query_id"], n["positive_id"], n["task"]), []).append(n)
    by_split = {split: dicts(built[0], f"sft/{split}") for split in SPLITS}
    distinct = {(p["query"]["item_id"], p["target"]["item_id"], p["task"]) for p in positives.values()}
    assert {
        (r["query"]["item_id"], r["positive"]["item"]["item_id"], r["task"]) for some in by_split.values() for r in some
    } == distinct
    assert sum(map(len, by_split.values())) == len(distinct)
    for split, some in by_split.items():
        for row in some:
            pair = positives[row["pair_id"]]
            assert (row["task"], row["granularity"], split) == (pair["task"], pair["granularity"], pair["split"])
            assert [row["query"]["item_id"], row["positive"]["item"]["item_id"]] == [
                pair["query"]["item_id"],
                pair["target"]["item_id"],
            ]
            expected = negatives.get((row["query"]["item_id"], row["positive"]["item"]["item_id"], row["task"]), [])
            assert [(c["item"]["item_id"], c["source"], c["similarity"]) for c in row["candidates"]] == [
                (n["candidate_id"], n["source"], n["similarity"]) for n in expected
            ]
            assert all(c["item"] == items[c["item"]["item_id"]] for c in row["candidates"])
            assert row["component_id"] == component[row["query"]["note_id"]]
            assert all(c["component_id"] == component[c["item"]["note_id"]] for c in [row["positive"], *row["candidates"]])
            assert all(item["region"] is None or item["kind"] == "crop" for item in items_of(row))


def test_the_positive_has_the_similarity_that_mining_gave_it(built):
    """Against `candidate_search.scored_positives`, which the margins of the guard use: the same bits."""
    from pipelines.flows.mine_hard_negatives.counterfactual_stage import ocr_texts, with_counterfactuals
    from pipelines.negatives.search.candidate_search import EncodedItems, scored_positives
    from pipelines.negatives.search.note_elements import rows_to_encode
    from pipelines.negatives.search.vector_store import vector_store
    from pipelines.workspace.arrow_stages import ArrowStages
    from schemas.datasets import ANNOTATIONS, COUNTERFACTUALS, EMBEDDINGS, ITEMS, POSITIVES

    stages = ArrowStages(Workspace(str(built[0])))
    items, searched = with_counterfactuals(stages.read(ITEMS), stages.read(COUNTERFACTUALS), True)
    elements = rows_to_encode(items, stages.images(), ocr_texts(stages.read_or_empty(ANNOTATIONS)))
    model = stages.workspace.published("hard_negatives").report["model"]
    with vector_store([stages.read(EMBEDDINGS)], model, elements.rows.column("item_id").combine_chunks()) as vectors:
        pairs = scored_positives(EncodedItems(items, searched, elements, vectors), stages.read(POSITIVES)).to_pylist()
    expected = {(p["query_id"], p["positive_id"], p["task"]): p["similarity"] for p in pairs}
    all_rows = [row for split in SPLITS for row in dicts(built[0], f"sft/{split}")]
    actual = {
        (r["query"]["item_id"], r["positive"]["item"]["item_id"], r["task"]): r["positive"]["similarity"] for r in all_rows
    }
    assert actual == expected
    assert {r["label_from"] for r in all_rows} == {"similarity"}
    for row in all_rows:
        assert row["positive"]["soft_label"] >= row["positive"]["similarity"] and row["label_temperature"] == 0.02
        assert all(c["soft_label"] < row["positive"]["soft_label"] for c in row["candidates"])
        assert all(c["soft_label"] == c["similarity"] or c["source"] == "rule" for c in row["candidates"])


def test_lists_hold_halves_that_share_no_family_and_noise_that_is_free(built):
    family, note = families(built[0]), {n["note_id"]: n for n in dicts(built[0], "notes")}
    component = {c["note_id"]: c for c in dicts(built[0], "components")}
    tied = {
        frozenset(component[p[side]["note_id"]]["component_id"] for side in ("query", "target"))
        for p in dicts(built[0], "positives")
    }
    lists = {split: dicts(built[0], f"rl/{split}") for split in SPLITS}
    assert len(lists["train"]) > 50
    for split, some in lists.items():
        for row in some:
            good, noise = row["candidates"][: row["relevant"]], row["candidates"][row["relevant"] :]
            query = {family[i] for i in row["query"]["image_ids"]}
            overlap = [len(query & {family[i] for i in c["item"]["image_ids"]}) for c in good]
            assert overlap == list(range(len(good) - 1, -1, -1))
            assert [c["source"] for c in row["candidates"]] == ["overlap"] * (len(good) - 1) + ["half"] + ["noise"] * len(noise)
            assert all(a["soft_label"] > b["soft_label"] for a, b in pairwise(good)) and good[-1]["soft_label"] == 0
            assert all(c["item"]["note_id"] == row["query"]["note_id"] for c in good)
            whole = note[row["query"]["note_id"]]
            text = f"{whole['title'] or ''}\n{whole['body'] or ''}"
            halves = [row["query"]["text"], good[-1]["item"]["text"]]
            assert Counter("".join("".join(halves).split())) == Counter("".join(text.split()))
            others = [c["component_id"] for c in noise]
            assert 1 <= len(noise) == len(set(others)) and len(row["candidates"]) <= 10
            assert row["component_id"] not in others
            assert not any(frozenset((row["component_id"], other)) in tied for other in others)
            assert {component[c["item"]["note_id"]]["split"] for c in row["candidates"]} == {split}
    assert Counter(len(row["candidates"]) for row in lists["train"]).most_common(1)[0][0] == 10


def families(workspace):
    """image_id -> its family over the whole corpus, chains included."""
    import networkx as nx

    graph = nx.Graph([(p["sha256_l"], p["sha256_r"]) for p in dicts(workspace, "mined/picture_pairs")])
    images = {i["image_id"]: i["sha256"] for i in dicts(workspace, "images")}
    graph.add_nodes_from(images.values())
    number = {sha: k for k, some in enumerate(nx.connected_components(graph)) for sha in some}
    return {image: number[sha] for image, sha in images.items()}


def test_manifests_count_what_the_shards_hold(built):
    for name in SHARDED:
        run, rows_of_split = Workspace(str(built[0])).published(name), dicts(built[0], name)
        value_counts = run.report["counts"]
        for column in ("task", "granularity", "label_from") if name.startswith("sft") else ("source",):
            assert value_counts[column] == dict(Counter(row[column] for row in rows_of_split))
        assert value_counts["candidates"] == dict(Counter(c["source"] for row in rows_of_split for c in row["candidates"]))
        assert run.settings["pictures"]["longest_side"] == 768
        assert len(run.files) == len(run.beside) == run.report["shards"]


def test_a_second_run_skips_every_stage(spark, built, capsys):
    assert build(spark, built[0], format="sentence-transformers") == built[1]
    output = capsys.readouterr().err
    assert "working" not in output
    assert output.count("unchanged, skipped") == 5


def test_hard_negatives_of_other_positives_are_refused(spark, hard, tmp_path):
    workspace = copied(hard.workspace, tmp_path / "w")
    current = workspace / "positives" / "_current.json"
    current.write_text(current.read_text().replace('sha256": "', 'sha256": "0', 2))
    with pytest.raises(DataError, match=r"run jobs/mine_hard_negatives\.py again"):
        build(spark, workspace)


def test_duckdb_pandas_and_datasets_read_them(built):
    import datasets

    with duckdb.connect(str(built[0] / "workspace.duckdb"), read_only=True) as connection:
        actual = dict(connection.sql("select split, count(*) from sft group by all").fetchall())
        lists = connection.sql("select count(*) from rl where len(candidates) > relevant").fetchall()[0][0]
    published = {name: Workspace(str(built[0])).published(name).counts.rows_out for name in SHARDED}
    assert actual == {split: published[f"sft/{split}"] for split in SPLITS}
    assert lists == sum(published[f"rl/{split}"] for split in SPLITS)
    files = [str(shard.rows) for shard in shard_files(built[0] / "sft/train")]
    loaded = datasets.load_dataset("parquet", data_files={"train": files}, split="train", cache_dir=str(built[0] / "_cache"))
    assert len(loaded) == actual["train"]
    assert loaded[0] == pq.read_table(files[0]).slice(0, 1).to_pylist()[0]
    frame = pa.concat_tables([pq.read_table(file) for file in files]).to_pandas()
    assert frame["position"].tolist() == list(range(actual["train"]))
    assert pd.read_parquet(built[0] / "sft/train")["position"].tolist() == frame["position"].tolist()
    folder = datasets.load_dataset("parquet", data_dir=str(built[0] / "sft/train"), cache_dir=str(built[0] / "_cache"))
    assert {name: len(rows) for name, rows in folder.items()} == {"train": actual["train"]}


@pytest.mark.slow
def test_sentence_transformers_trains_on_the_tuples(built, tmp_path):
    """Its own trainer, a tiny Qwen3-VL of random weights, four tasks: a few steps with a loss that is a number."""
    import datasets
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.sentence_transformer.losses import CachedMultipleNegativesRankingLoss
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    from testkit.tiny_models import qwen3_vl

    train = {}
    written = Workspace(str(built[0])).files("sentence_transformers/train")
    for task in sorted({file.split("/")[-2] for file in written} & {"image_to_note", "text_to_note", "image_to_image"}):
        files = [f for f in written if f.split("/")[-2] == task]
        loaded = datasets.load_dataset("parquet", data_files={"train": files}, split="train", cache_dir=str(tmp_path / "cache"))
        assert loaded.column_names == ["anchor", "positive", *(f"negative_{k}" for k in range(1, 5))]
        train[task] = loaded.select(range(min(4, len(loaded))))
    assert {"image_to_note", "text_to_note"} <= set(train)
    qwen3_vl(tmp_path / "tiny")
    transformer = Transformer(str(tmp_path / "tiny"))
    model = SentenceTransformer(modules=[transformer, Pooling(64, pooling_mode="lasttoken"), Normalize()], device="cpu")
    before = model.encode(["red mug"])
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(tmp_path / "run"), per_device_train_batch_size=2, max_steps=3, learning_rate=1e-3, logging_steps=1,
        save_strategy="no", report_to=[], use_cpu=True, disable_tqdm=True,
    )  # fmt: skip
    trainer = SentenceTransformerTrainer(
        model=model, args=arguments, train_dataset=train, loss=CachedMultipleNegativesRankingLoss(model, mini_batch_size=1)
    )
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert len(losses) == 3 and np.isfinite(losses).all() and max(losses) > 0
    assert np.abs(model.encode(["red mug"]) - before).max() > 1e-4
