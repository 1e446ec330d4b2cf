"""Relations that mining found: which items must never be a negative of which query.

The group of a note is its content group: the notes that copies, crops and shared passages connect, also where the size cap
has cut their component. Weak ties (a room that stands behind ten products) connect no group: the pair itself counts, and a
picture of one family (hash_distance.py). A mined pair of any kind, co-click and weak ones included, links both ways and links
to the whole group of the other note, so a copy of a positive is removed as the positive is.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.errors import DataError

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MinedRelations:
    """Items by number, and the groups that they are linked to. Build it with `mined_relations`."""

    items: pa.Array
    """[items] ITEM, distinct."""
    splits: pa.Array
    """[items] the item's split."""
    notes: Numbers
    """[items] the number of the item's note."""
    groups: Numbers
    """[notes] the group of each note."""
    positive_groups: Numbers
    """Sorted item * groups + group: the groups of the items that are a mined positive of the item, in either direction."""
    linked_groups: Numbers
    """Sorted note * groups + group: the groups of the notes that a mined pair links to the note, in either direction."""

    def numbers(self, item_ids: pa.ChunkedArray) -> Numbers:
        """The numbers of items.

        Raises:
            DataError: an item that is not in `items`.
        """
        numbers = pc.index_in(item_ids, value_set=self.items.field("item_id"))
        if numbers.null_count:
            unknown = item_ids.filter(pc.is_null(numbers))
            raise DataError(
                f"hard negatives: {numbers.null_count} item_ids are not in 'items', the first is {unknown[0].as_py()}; "
                "candidates and positives must be of the same mined workspace"
            )
        return np.asarray(numbers, np.int64)

    def group_of(self, items: Numbers) -> Numbers:
        """[n] items -> [n] groups of their notes."""
        return self.groups[self.notes[items]]

    def in_query_group(self, queries: Numbers, candidates: Numbers) -> Flags:
        """Whether the candidate is in the query's own group; its own note is."""
        return self.group_of(queries) == self.group_of(candidates)

    def in_positive_group(self, queries: Numbers, candidates: Numbers) -> Flags:
        """Whether the candidate is in the group of a mined positive of the query item."""
        return _contained(queries * len(self.groups) + self.group_of(candidates), self.positive_groups)

    def linked_to_query(self, queries: Numbers, candidates: Numbers) -> Flags:
        """Whether a mined pair links the query's note to a note of the candidate's group."""
        return _contained(self.notes[queries] * len(self.groups) + self.group_of(candidates), self.linked_groups)

    def related_groups(self, queries: Numbers) -> tuple[Numbers, Numbers]:
        """The groups of which nothing may be a negative of each query: its own, and those that the three checks above find.

        Args:
            queries: [n] numbers of items.

        Returns:
            [n + 1] where those of each query begin, and the groups, some of them twice.
        """
        owner, group, count = [np.arange(len(queries))], [self.group_of(queries)], len(self.groups)
        for codes, key in ((self.positive_groups, queries), (self.linked_groups, self.notes[queries])):
            begin, end = np.searchsorted(codes, key * count), np.searchsorted(codes, (key + 1) * count)
            length = end - begin
            at = np.repeat(begin - (np.cumsum(length) - length), length) + np.arange(int(length.sum()))
            owner.append(np.repeat(np.arange(len(queries)), length))
            group.append(codes[at] % count)
        owners = np.concatenate(owner)
        starts = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=len(queries)))])
        return starts, np.concatenate(group)[np.argsort(owners, kind="stable")]


def mined_relations(positives: pa.Table, components: pa.Table, items: pa.Table) -> MinedRelations:
    """Number the items and link them.

    Args:
        positives: POSITIVES.
        components: COMPONENTS.
        items: ITEMS; may contain more items than the positives (a judged or searched pool).

    Raises:
        DataError: an item of a note without a component, or a positive whose item is not in `items`.

    Cost: sorts of the items, the notes and the pairs; memory of some 40 bytes an item and a pair.
    """
    item = items.column("item").combine_chunks()
    note_ids = components.column("note_id").combine_chunks()
    notes = _numbered(item.field("note_id"), note_ids, "items are of notes without a component")
    sides = [positives.column(side).combine_chunks() for side in ("query", "target")]
    ends = [_numbered(p.field("note_id"), note_ids, "positives are of notes without a component") for p in sides]
    groups = np.asarray(components.column("content_group").combine_chunks().dictionary_encode().indices, np.int64)
    item_ids = item.field("item_id")
    pair_items = [_numbered(p.field("item_id"), item_ids, "positives have items that are not in 'items'") for p in sides]
    across = ends[0] != ends[1]
    count = len(groups)
    return MinedRelations(
        items=item,
        splits=items.column("split").combine_chunks(),
        notes=notes,
        groups=groups,
        positive_groups=_codes(pair_items, [groups[end] for end in ends], count),
        linked_groups=_codes([end[across] for end in ends], [groups[end[across]] for end in ends], count),
    )


def _codes(owners: list[Numbers], groups: list[Numbers], count: int) -> Numbers:
    """Sorted owner * count + group, for both directions of a pair."""
    return np.unique(np.concatenate([owners[0] * count + groups[1], owners[1] * count + groups[0]]))


def _contained(codes: Numbers, sorted_codes: Numbers) -> Flags:
    if not len(sorted_codes):
        return np.zeros(len(codes), bool)
    at = np.minimum(np.searchsorted(sorted_codes, codes), len(sorted_codes) - 1)
    contained: Flags = sorted_codes[at] == codes
    return contained


def _numbered(values: pa.Array, value_set: pa.Array, fault: str) -> Numbers:
    numbers = pc.index_in(values, value_set=value_set)
    if numbers.null_count:
        first = values.filter(pc.is_null(numbers))[0].as_py()
        raise DataError(f"hard negatives: {numbers.null_count} {fault}, the first is {first}; mine the workspace again")
    return np.asarray(numbers, np.int64)
