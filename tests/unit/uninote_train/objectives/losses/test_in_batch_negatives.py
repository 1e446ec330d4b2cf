"""Against plain Python sets."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from uninote_train.objectives.losses.in_batch_negatives import distinct_documents_mask, in_batch_negatives_mask

SMALL = st.integers(0, 4)
BATCH = st.integers(1, 6).flatmap(
    lambda n: st.tuples(*[st.lists(SMALL, min_size=n, max_size=n)] * 3, st.lists(SMALL, min_size=1, max_size=8))
)


def related(row, names, queries, positives):
    result = {queries[row], positives[row]}
    for other in range(len(names)):
        if names[other] == names[row] or queries[other] == queries[row]:
            result.add(positives[other])
        if positives[other] == positives[row]:
            result.add(queries[other])
    return result


@given(BATCH)
def test_no_document_of_a_tied_component_is_a_negative(batch):
    names, queries, positives, documents = batch
    result = in_batch_negatives_mask(*(torch.tensor(v) for v in batch)).tolist()
    expected = [[d not in related(r, names, queries, positives) for d in documents] for r in range(len(names))]
    assert result == expected
    part = in_batch_negatives_mask(*(torch.tensor(v) for v in batch), rows=(1, len(names))).tolist()
    assert part == expected[1:]


@given(st.lists(SMALL, min_size=1, max_size=8), st.lists(st.lists(SMALL, min_size=2, max_size=2), min_size=1, max_size=4))
def test_equal_documents_count_once_and_own_ones_not_here(names, own):
    result = distinct_documents_mask(torch.tensor(names), torch.tensor(own)).tolist()
    expected = [[names.index(n) == place and n not in mine for place, n in enumerate(names)] for mine in own]
    assert result == expected


def test_copies_of_the_positive_in_other_rows_are_none_of_a_rows_negatives():
    """The trap of sentence-transformers#3189: the copy has another id, another text, and the same component."""
    query, positive = torch.tensor([10, 11]), torch.tensor([1, 2])
    documents = torch.tensor([1, 2, 1])  # the third: a copy of the first row's positive, offered by the second row
    result = in_batch_negatives_mask(torch.tensor([100, 101]), query, positive, documents)
    assert result.tolist() == [[False, True, False], [True, False, True]]
