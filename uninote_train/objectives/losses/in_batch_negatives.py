"""Masks of the documents in the whole batch that are valid negatives of a query."""

import torch
from torch import Tensor


def in_batch_negatives_mask(
    query_name: Tensor,
    query_component: Tensor,
    positive_component: Tensor,
    document_component: Tensor,
    rows: tuple[int, int] | None = None,
) -> Tensor:
    """Mask of documents that are unrelated to a row: its in-batch negatives, before any margin.

    Related to row i are the components of its query and its positive; the positives' components of rows with the same query or
    with a query of the same component; and the queries' components of rows whose positive is in its positive's component.
    Source: ours; peers.md, C19. Equal ids alone (sentence-transformers#3189) miss copies of the same note.

    Args:
        query_name: [n], a hash of the query's item_id, for all rows of the batch.
        query_component: [n].
        positive_component: [n].
        document_component: [d].
        rows: (start, end) of the rows to compute; None: all.

    Returns:
        [rows, d] bool.

    Cost: two products of [rows, n] and [n, d].
    """
    own = slice(*rows) if rows else slice(None)
    same_query = (query_name[own, None] == query_name) | (query_component[own, None] == query_component)
    same_positive = positive_component[own, None] == positive_component
    in_positive = positive_component[:, None] == document_component  # [n, d]
    in_query = query_component[:, None] == document_component
    related = (same_query.float() @ in_positive.float() > 0) | (same_positive.float() @ in_query.float() > 0)
    return ~(related | in_query[own] | in_positive[own])


def distinct_documents_mask(names: Tensor, own: Tensor) -> Tensor:
    """Mask that leaves out repeated documents and a row's own candidates, which are scored separately.

    The first of several equal documents is kept. Two processes may hold the same document; without this it would have twice
    the weight, and two processes would not compute what one does.

    Args:
        names: [d], a hash of each document's item_id.
        own: [b, k], the hashes of a row's candidates; one of them repeated where a row has fewer.

    Returns:
        [b, d] bool.
    """
    mask = first_of_equal(names).expand(len(own), -1).clone()
    for column in own.T:  # one candidate at a time: [b, k, d] would be large
        mask &= column[:, None] != names
    return mask


def first_of_equal(names: Tensor) -> Tensor:
    """Mask of the first of several equal names. [d] -> [d] bool."""
    distinct, inverse = torch.unique(names, return_inverse=True)
    numbers = torch.arange(len(names), device=names.device)
    first = torch.full_like(distinct, len(names)).scatter_reduce(0, inverse, numbers, "amin")
    return first[inverse] == numbers


def within_margin(scores: Tensor, positive: Tensor, margin: float) -> Tensor:
    """Mask of documents whose score exceeds the positive's by at most `margin`; no gradient.

    A document above it is probably a false negative. Source: Qwen3-VL-Embedding's in-batch mask, which leaves out
    s_ij > s(q_i, d_i+) + 0.1.

    Args:
        scores: [b, d] cosines.
        positive: [b], the positive's cosine.
        margin: in cosine units; may be negative.
    """
    return scores.detach() <= positive.detach()[:, None] + margin
