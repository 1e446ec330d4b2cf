"""Batches of items of similar length, so that little of a padded batch is padding."""

from collections.abc import Iterator, Sequence


def batches(lengths: Sequence[int], max_items: int, max_tokens: int | None = None) -> Iterator[list[int]]:
    """Yield every index once, in batches from the longest items to the shortest.

    The longest come first, so that a batch that does not fit in memory fails at once and not after hours.

    Args:
        lengths: of the items, in tokens; 0 or more.
        max_items: items of a batch; 1 or more.
        max_tokens: items of a batch times the longest of them, the size of the padded batch; None: unlimited. An item longer
            than this is a batch of its own.

    Yields:
        Indices; equal lengths in the order of `lengths`, so the same lengths give the same batches.

    Raises:
        ValueError: max_items below 1.
    """
    if max_items < 1:
        raise ValueError(f"max_items is {max_items}, expected 1 or more")
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
