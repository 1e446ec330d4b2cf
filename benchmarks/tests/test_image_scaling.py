"""Synthetic fingerprints rotate like real ones; at a small size no planted copy is lost, and a hot group is one component."""

import argparse
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from benchmarks.image_scaling import HASHES, NO_CAP, hot, measure
from pipelines.mining.images.fingerprint.fingerprint import Fingerprint, fingerprint
from pipelines.mining.images.fingerprint.perceptual_hashes import hamming, pdq_hashes
from testkit.synthetic_pictures import COMPOSED, RealPictures, write_synthetic
from tests.unit.pipelines.mining.images.scenes import scene


def bits(content):
    return np.unpackbits(np.frombuffer(content, np.uint8))


@pytest.fixture(scope="module")
def real():
    rows = []
    for seed in range(8):
        buffer = io.BytesIO()
        Image.fromarray(scene(seed)).save(buffer, "PNG")
        rows.append(fingerprint(buffer.getvalue(), Fingerprint()))
    rows.append(rows[0] | {"surface": "flat"})
    return RealPictures(
        np.stack([bits(row["pdq_turns"]).reshape(8, 256) for row in rows]),
        np.stack([bits(row["pdq_exposed"]) for row in rows]),
        np.array([row["surface"] == "flat" for row in rows]),
        [row["features"] for row in rows],
    )


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_turns_of_a_turned_picture_are_the_turns_of_the_picture(quarters, mirrored):
    square = np.asarray(Image.fromarray(scene(1)).resize((64, 64)))
    turned = np.ascontiguousarray(np.rot90(square[:, ::-1] if mirrored else square, quarters))
    of_square, of_turned = pdq_hashes(square)[0], pdq_hashes(turned)[0]
    turn = min(range(8), key=lambda t: hamming(of_square[t], of_turned[0]))
    assert all(hamming(of_square[COMPOSED[s, turn]], of_turned[s]) <= 2 for s in range(8))


def test_no_planted_copy_is_lost_without_caps(spark, real, tmp_path):
    planted = write_synthetic(real, 400, HASHES.hash_radius, False, tmp_path, 0)
    found = measure(spark, tmp_path, planted, 400, replace(HASHES, max_pictures_per_key=NO_CAP, max_candidates=NO_CAP))
    assert found["planted"] == 20
    assert found["recall"] == 1.0
    narrow = measure(spark, tmp_path, planted, 400, replace(HASHES, hash_radius=0))
    assert narrow["recall"] < 1.0  # or else the test could not fail


def test_many_copies_and_many_blank_frames_are_one_component_each(spark, real, tmp_path):
    rows = hot(spark, real, argparse.Namespace(copies=600, blanks=1_000), tmp_path)
    assert [row["copies_components"] for row in rows] == [1, 1]
    assert [row["blanks_components"] for row in rows] == [1, 1]
