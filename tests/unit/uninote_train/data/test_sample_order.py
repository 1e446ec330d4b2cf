import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from uninote_train.data.sample_order import Order

SIZES = st.lists(st.integers(0, 12), min_size=1, max_size=6).filter(sum)


@settings(max_examples=60, deadline=None)
@given(SIZES, st.integers(0, 2**31), st.integers(1, 4))
def test_each_row_stands_once_in_each_epoch(counts, seed, window):
    order = Order(tuple(counts), seed, window)
    every = sorted((s, r) for s, n in enumerate(counts) for r in range(n))
    stream = order.places(0, 3 * order.rows)
    for epoch in range(3):
        part = stream[epoch * order.rows : (epoch + 1) * order.rows]
        assert {p.epoch for p in part} == {epoch}
        assert sorted((p.shard, p.row) for p in part) == every


@settings(max_examples=60, deadline=None)
@given(SIZES, st.integers(0, 5), st.lists(st.integers(0, 20), min_size=1, max_size=8))
def test_the_stream_is_the_same_in_whatever_pieces_it_is_asked_for(counts, seed, lengths):
    order = Order(tuple(counts), seed, 2)
    ends = list(itertools.accumulate(lengths, initial=0))
    pieces = [p for a, b in itertools.pairwise(ends) for p in order.places(a, b)]
    assert pieces == order.places(0, ends[-1])


def test_seeds_and_epochs_are_other_orders():
    one, two = Order((50, 50), 1, 2), Order((50, 50), 2, 2)
    assert one.places(0, 100) != two.places(0, 100)
    assert [p[1:] for p in one.places(0, 100)] != [p[1:] for p in one.places(100, 200)]
    assert one.places(0, 100) == Order((50, 50), 1, 2).places(0, 100)


def test_rows_mix_within_a_window_and_a_batch_touches_no_other():
    order = Order((10,) * 8, 0, 2)
    shards = [p.shard for p in order.places(0, 20)]
    assert len(set(shards)) == 2
    assert shards != sorted(shards)
    assert shards != sorted(shards, reverse=True)
