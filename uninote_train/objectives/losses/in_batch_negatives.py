"""Which documents of the whole batch may be a query's negatives."""

import torch
from torch import Tensor


def allowed(
    query_name: Tensor,
    query_component: Tensor,
    positive_component: Tensor,
    document_component: Tensor,
    rows: tuple[int, int] | None = None,
) -> Tensor:
    """Documents that are not tied to a row's query: its in-batch negatives, before any margin.

    Tied to row i are the components of its query and its positive; the positives' components of rows with the same query or
    with a query of the same component; and the queries' components of rows whose positive lies in its positive's component.
    Source: ours; peers.md, C19. Equal ids alone (sentence-transformers#3189) miss copies of the same note.

    Args:
        query_name: [n], a hash of the query's item_id, of all rows of the batch.
        query_component: [n].
        positive_component: [n].
        document_component: [d].
        rows: the first row and the one behind the last, of which the answer is; None: all.

    Returns:
        [rows, d] bool.

    Cost: two products of [rows, n] and [n, d].
    """
    mine = slice(*rows) if rows else slice(None)
    same_query = (query_name[mine, None] == query_name) | (query_component[mine, None] == query_component)
    same_positive = positive_component[mine, None] == positive_component
    lies_in_positive = positive_component[:, None] == document_component  # [n, d]
    lies_in_query = query_component[:, None] == document_component
    tied = (same_query.float() @ lies_in_positive.float() > 0) | (same_positive.float() @ lies_in_query.float() > 0)
    return ~(tied | lies_in_query[mine] | lies_in_positive[mine])


def once(names: Tensor, own: Tensor) -> Tensor:
    """Documents that count once: the first of equal ones, and none that is a row's own candidate, which is scored as such.

    Two processes may hold the same document; without this it would weigh twice, and two processes would not do what one does.

    Args:
        names: [d], a hash of each document's item_id.
        own: [b, k], those of a row's candidates; any of them again where there is none.

    Returns:
        [b, d] bool.
    """
    distinct, place = torch.unique(names, return_inverse=True)
    numbers = torch.arange(len(names), device=names.device)
    first = torch.full_like(distinct, len(names)).scatter_reduce(0, place, numbers, "amin")
    found = (first[place] == numbers).expand(len(own), -1).clone()
    for column in own.T:  # one candidate at a time: [b, k, d] would be large
        found &= column[:, None] != names
    return found


def outside_margin(scores: Tensor, positive: Tensor, margin: float) -> Tensor:
    """Documents that the model does not hold for better than the positive by `margin`; no gradient.

    Source: Qwen3-VL-Embedding's in-batch mask, s_ij > s(q_i, d_i+) + 0.1 is left out.

    Args:
        scores: [b, d] cosines.
        positive: [b] the positive's.
        margin: of cosines; may be negative.
    """
    return scores.detach() <= positive.detach()[:, None] + margin
