import numpy as np
import pytest

from pipelines.negatives.search.maxsim import maxsim as as_negatives_are_scored
from pipelines.shards.training_rows.pair_similarity import maxsim


def unit(rng, n, d):
    vectors = rng.normal(size=(n, d)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("d", [1, 2, 3, 64, 100, 257])
def test_a_positive_has_the_very_bits_that_it_would_have_as_a_candidate(d):
    rng = np.random.default_rng(d)
    counts = np.array([1, 3, 0, 7, 1, 2])
    queries, elements = unit(rng, 6, d), unit(rng, int(counts.sum()), d)
    ends = np.cumsum(counts)
    expected = as_negatives_are_scored(queries, elements, ends - counts, ends)
    assert maxsim(queries, elements, counts).tobytes() == expected.tobytes()
    alone = [
        maxsim(queries[k : k + 1], elements[e - c : e], np.array([c]))
        for k, (c, e) in enumerate(zip(counts, ends, strict=True))
    ]
    assert np.concatenate(alone).tobytes() == expected.tobytes()


def test_nothing_is_minus_infinity():
    assert maxsim(np.zeros((1, 3), np.float32), np.zeros((0, 3), np.float32), np.array([0])).tolist() == [-np.inf]
