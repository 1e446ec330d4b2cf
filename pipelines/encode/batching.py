"""Which items go together: batches sorted by length, so that little is padding."""

from collections.abc import Iterator, Sequence


def batches(lengths: Sequence[int], max_items: int, max_tokens: int | None = None) -> Iterator[list[int]]:
    """Every index once, in batches from the longest items to the shortest.

    The longest come first, so that a batch that does not fit in memory fails at once and not after hours.

    Args:
        lengths: of the items, tokens; 0 or more.
        max_items: in a batch; 1 or more.
        max_tokens: items times the longest of them, what a padded batch holds; None: no bound. An item that is longer by
            itself makes a batch of its own.

    Yields:
        Indices; equal lengths in the order of `lengths`, so the same lengths give the same batches.
    """
    if max_items < 1:
        raise ValueError(f"max_items is {max_items}, wanted 1 or more")
    batch: list[int] = []
    longest = 0
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        longest = max(longest, lengths[index])
        if batch and (len(batch) == max_items or (max_tokens is not None and (len(batch) + 1) * longest > max_tokens)):
            yield batch
            batch, longest = [], lengths[index]
        batch.append(index)
    if batch:
        yield batch
