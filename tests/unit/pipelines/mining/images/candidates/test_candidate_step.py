"""Copies and crops become candidates; the pictures of a hot key are chained in linear time, and the caps are counted."""

import hashlib
import io

import networkx as nx
import numpy as np
import pytest
from PIL import Image

from pipelines.items.spark_columns import spark_type
from pipelines.mining.images.candidates.candidate_step import candidate_pairs as candidate_pairs_of
from pipelines.mining.images.candidates.index_keys import picture_number
from pipelines.mining.images.fingerprint.fingerprint import Fingerprint, fingerprint
from pipelines.mining.images.match_step import PictureMatching
from schemas.intermediate import PICTURES
from tests.unit.pipelines.mining.images.scenes import scene


def candidate_pairs(rows, count, **settings):
    matching = PictureMatching(**settings)
    return candidate_pairs_of(rows, count, matching, matching)


def pictures(spark, images):
    rows = []
    for name, image in images.items():
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        rows.append({"sha256": hashlib.sha256(name.encode()).hexdigest()} | fingerprint(buffer.getvalue(), Fingerprint()))
    ddl = ", ".join(f"{c.name} {spark_type(c.type)}" for c in PICTURES.columns)
    return spark.createDataFrame([tuple(row[c] for c in PICTURES.columns.names) for row in rows], ddl)


def number(name):
    return picture_number(hashlib.sha256(name.encode()).hexdigest())


def pairs_of(output):
    return {frozenset((r["l"], r["r"])) for r in output.rows.collect()}


@pytest.fixture(scope="module")
def some():
    one, two = (Image.fromarray(scene(seed)) for seed in (1, 2))
    width, height = one.size
    return {
        "one": one,
        "smaller": one.resize((width // 2, height // 2)),
        "mirrored": one.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        "turned": one.transpose(Image.Transpose.ROTATE_90),
        "cut": one.crop((width // 4, height // 4, width, height)),
        "two": two,
        "two smaller": two.resize((width // 2, height // 2)),
    }


def test_finds_copies_mirrors_turns_and_crops(spark, some):
    pairs = pairs_of(candidate_pairs(pictures(spark, some), len(some)))
    for a, b in (("one", "smaller"), ("one", "mirrored"), ("one", "turned"), ("one", "cut"), ("two", "two smaller")):
        assert frozenset((number(a), number(b))) in pairs


def test_the_order_of_the_pictures_does_not_matter(spark, some):
    backwards = dict(reversed(some.items()))
    assert pairs_of(candidate_pairs(pictures(spark, some), len(some))) == pairs_of(
        candidate_pairs(pictures(spark, backwards).repartition(5), len(backwards))
    )


def test_pictures_of_hot_keys_are_chained_and_counted(spark):
    base = np.asarray(Image.fromarray(scene(3)).resize((200, 150)))
    copies = {f"copy {k}": Image.fromarray(np.clip(base.astype(int) + k % 3 - 1, 0, 255).astype(np.uint8)) for k in range(60)}
    output = candidate_pairs(pictures(spark, copies), len(copies), max_pictures_per_key=10, max_candidates=8)
    graph = nx.Graph([tuple(pair) for pair in pairs_of(output)])
    assert len(graph) == 60
    assert nx.is_connected(graph)
    assert graph.number_of_edges() <= 60 * 8
    dropped = {r["reason"]: r["rows"] for r in output.dropped.collect()}
    assert dropped["hot image keys: their pictures are chained instead of all paired"] > 0


def test_a_pair_is_kept_if_it_is_among_the_best_of_either_picture(spark, some):
    rows = pictures(spark, some)
    every = {(r["l"], r["r"]): r["votes"] for r in candidate_pairs(rows, len(some)).rows.collect()}
    expected = set()
    for of in map(number, some):
        own = sorted((pair for pair in every if of in pair), key=lambda pair: (-every[pair], sum(pair) - of))
        expected |= set(own[:1])
    assert len(expected) < len(every)
    output = candidate_pairs(rows, len(some), max_candidates=1)
    assert {(r["l"], r["r"]): r["votes"] for r in output.rows.collect()} == {pair: every[pair] for pair in expected}
    dropped = {r["reason"]: r["rows"] for r in output.dropped.collect()}
    assert dropped["image candidates beyond max_candidates of both pictures"] == len(every) - len(expected)
