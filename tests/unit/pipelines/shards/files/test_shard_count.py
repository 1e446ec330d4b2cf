from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipelines.shards.files.shard_count import STEP, shards_for, tries


@given(st.integers(1, 100_000))
def test_tries_rise_by_little_up_to_the_most(most):
    tried = tries(most)
    assert tried[0] == 1 and tried[-1] == most
    assert all(a < b <= max(a + 1, a * STEP) for a, b in pairwise(tried))


@given(st.integers(0, 10**7), st.integers(1, 10**4))
def test_shards_fit_and_are_not_small(total, shard_bytes):
    most = max(1, -(-total // shard_bytes))
    n = shards_for(lambda n: total, most, shard_bytes)
    assert total <= n * shard_bytes
    assert n <= max(2, most * STEP)


def test_a_corpus_that_every_row_shows_is_one_shard():
    assert shards_for(lambda n: 90 * n, 50, 100) == 1
