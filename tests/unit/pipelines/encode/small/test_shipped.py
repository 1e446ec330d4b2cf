"""The weights in the package: small enough, and as good on notes of a seed that nothing was trained or chosen on."""

from random import Random

import numpy as np
import pytest

from pipelines.encode.item_content import Content
from pipelines.encode.load_encoder import load_encoder, load_preparer
from pipelines.encode.preset import load_spec
from pipelines.encode.recall import recall, sample_recall, vectors
from pipelines.encode.small.augmentations import strong
from pipelines.encode.small.training_corpus import read_notes
from pipelines.sources.sample_corpus.build import Sample, make_sample
from small_encoder.weights import SHIPPED

pytestmark = pytest.mark.slow

MEGABYTES = 5


@pytest.fixture(scope="module")
def pair():
    return load_preparer(load_spec("small")), load_encoder(load_spec("small"))


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unseen") / "sample"
    make_sample(folder, Sample(notes=100, seed=4711))
    return read_notes(folder)


def test_the_file_is_small_enough_to_ship():
    assert SHIPPED.stat().st_size <= MEGABYTES * 1_000_000


def test_unseen_notes_are_found_by_picture_and_by_text_in_both_languages(told, pair):
    found = sample_recall(told, *pair)
    assert {task: at[10] for task, at in found.items() if at[10] < 0.9} == {}
    assert min(at[1] for at in found.values()) > 0.5


def test_an_edited_copy_finds_its_picture_among_the_others(told, pair):
    shown = [t.pictures[0].pixels for t in told]
    copies = [strong(p, 120, Random(n), smallest=0.6) for n, p in enumerate(shown)]
    targets, queries = (vectors([Content(kind="image", images=(p,)) for p in some], *pair) for some in (shown, copies))
    families = [t.pictures[0].family for t in told]
    same = [frozenset(j for j, f in enumerate(families) if f == mine) for mine in families]
    assert recall(queries, targets, same, 1) > 0.85


def test_a_text_that_shares_words_is_nearer_whatever_it_says(pair):
    said = ["椎体成形术后第三天复查", "kernel scheduler latency regression", "霓虹灯管弯折工艺"]
    part = ["术后第三天复查椎体", "a regression in scheduler latency", "灯管弯折的工艺"]
    whole, parts = (vectors([Content(kind="text", text=t) for t in some], *pair) for some in (said, part))
    assert np.argmax(parts @ whole.T, axis=1).tolist() == [0, 1, 2]
