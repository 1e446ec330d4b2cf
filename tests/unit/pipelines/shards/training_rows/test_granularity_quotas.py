import hashlib

from hypothesis import given
from hypothesis import strategies as st

from pipelines.shards.training_rows.granularity_quotas import below, preferred, quotas

COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=6)


def taking_turns(counts, total):
    """One row at a time, round after round."""
    given = [0] * len(counts)
    while total and given != counts:
        for k in range(len(counts)):
            if total and given[k] < counts[k]:
                given[k] += 1
                total -= 1
    return given


@given(COUNTS, st.integers(0, 120))
def test_quotas_are_what_taking_turns_gives(counts, total):
    assert quotas(counts, total) == taking_turns(counts, total)


def test_quotas_of_many_rows_take_a_few_rounds():
    assert quotas([10**12, 5, 10**12], 10**9) == [499999998, 5, 499999997]


@given(st.dictionaries(st.sampled_from("abcd"), st.tuples(st.integers(0, 9), st.integers(0, 9))), st.integers(0, 60))
def test_rows_with_negatives_come_first_and_the_sum_is_what_is_wanted(counts, total):
    by_group = preferred(counts, "abcd", total)
    assert sum(by_group.values()) == min(total, sum(map(sum, counts.values())))
    for name, (rich, poor) in counts.items():
        assert by_group[name, True] <= rich and by_group[name, False] <= poor
        assert by_group[name, False] == 0 or by_group[name, True] == rich


@given(st.integers(0, 500), st.integers(0, 4000))
def test_below_the_limit_lie_enough_hashes(quota, count):
    quota = min(quota, count)
    digests = [int.from_bytes(hashlib.sha256(b"%d" % k).digest()[:8], "big", signed=True) for k in range(count)]
    assert sum(d <= below(quota, count) for d in digests) >= quota


def test_below_the_limit_lie_not_many_more():
    assert (below(1000, 1_000_000) + (1 << 63)) / (1 << 64) < 1400 / 1_000_000
