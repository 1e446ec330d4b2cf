import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.encode.batching import batches

LENGTHS = st.lists(st.integers(0, 300), max_size=60)


@given(LENGTHS, st.integers(1, 9), st.none() | st.integers(1, 500))
def test_each_index_once_and_every_batch_within_its_bounds(lengths, max_items, max_tokens):
    found = list(batches(lengths, max_items, max_tokens))
    assert sorted(i for b in found for i in b) == list(range(len(lengths)))
    for batch in found:
        assert 1 <= len(batch) <= max_items
        if max_tokens is not None:
            assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= max_tokens


@given(LENGTHS, st.integers(1, 9), st.none() | st.integers(1, 500))
def test_the_longest_come_first_and_no_batch_could_have_taken_the_next_item(lengths, max_items, max_tokens):
    found = list(batches(lengths, max_items, max_tokens))
    order = [lengths[i] for b in found for i in b]
    assert order == sorted(order, reverse=True)
    for batch in found[:-1]:
        full = len(batch) == max_items
        assert full or (max_tokens is not None and (len(batch) + 1) * lengths[batch[0]] > max_tokens)


@given(LENGTHS)
def test_the_same_lengths_give_the_same_batches(lengths):
    assert list(batches(lengths, 4, 100)) == list(batches(tuple(lengths), 4, 100))


def test_a_batch_of_no_items_is_refused():
    with pytest.raises(ValueError, match="max_items is 0"):
        list(batches([1], 0))
