"""What mining found to belong together: which items must never be a negative of which query.

Notes are tied into groups by their duplicate component and by every mined pair of content
(near duplicates, crops, shared passages): a component that the cap has cut is whole again here.
A mined pair of any kind, co-click included, binds both ways and binds the whole group of the
other note, so a copy of a positive is caught as the positive is.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from schemas.errors import DataError
from schemas.granularity import CONTENT_GRANULARITIES

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ties:
    """Items by number, and the groups that they are bound to. Build it with `tied`."""

    items: pa.Array
    """[items] ITEM, distinct."""
    splits: pa.Array
    """[items] the item's split."""
    notes: Numbers
    """[items] the number of the item's note."""
    groups: Numbers
    """[notes] the group of each note."""
    of_items: Numbers
    """Sorted item * groups + group: the groups of the items that are a mined positive of the item, either way."""
    of_notes: Numbers
    """Sorted note * groups + group: the groups of the notes that a mined pair ties to the note, either way."""

    def numbers(self, item_ids: pa.ChunkedArray) -> Numbers:
        """The numbers of items.

        Raises:
            DataError: an item that is not in `items`.
        """
        found = pc.index_in(item_ids, value_set=self.items.field("item_id"))
        if found.null_count:
            unknown = item_ids.filter(pc.is_null(found))
            raise DataError(
                f"hard negatives: {found.null_count} item_ids are not in 'items', the first is {unknown[0].as_py()}; "
                "candidates and positives must be of the same mined workspace"
            )
        return np.asarray(found, np.int64)

    def group_of(self, items: Numbers) -> Numbers:
        """[n] items -> [n] groups of their notes."""
        return self.groups[self.notes[items]]

    def of_query(self, queries: Numbers, candidates: Numbers) -> Flags:
        """Whether the candidate lies in the query's own group; its own note does."""
        return self.group_of(queries) == self.group_of(candidates)

    def of_positive(self, queries: Numbers, candidates: Numbers) -> Flags:
        """Whether the candidate lies in the group of a mined positive of the query item."""
        return _among(queries * len(self.groups) + self.group_of(candidates), self.of_items)

    def of_pair(self, queries: Numbers, candidates: Numbers) -> Flags:
        """Whether a mined pair ties the query's note to a note of the candidate's group."""
        return _among(self.notes[queries] * len(self.groups) + self.group_of(candidates), self.of_notes)


def tied(positives: pa.Table, components: pa.Table, items: pa.Table) -> Ties:
    """Number the items and bind them.

    Args:
        positives: POSITIVES.
        components: COMPONENTS.
        items: ITEMS; more items than the positives' may be among them (a judged or searched pool).

    Raises:
        DataError: an item of a note without a component, or a positive whose item is not in `items`.

    Cost: sorts of the items, the notes and the pairs; memory of some 40 bytes an item and a pair.
    """
    item = items.column("item").combine_chunks()
    note_ids = components.column("note_id").combine_chunks()
    notes = _numbered(item.field("note_id"), note_ids, "items are of notes without a component")
    pairs = [positives.column(side).combine_chunks() for side in ("query", "target")]
    ends = [_numbered(p.field("note_id"), note_ids, "positives are of notes without a component") for p in pairs]
    content = np.asarray(pc.is_in(positives.column("granularity"), pa.array(CONTENT_GRANULARITIES)), bool)
    groups = _joined(components.column("component_id"), [end[content] for end in ends])
    shown = [
        _numbered(p.field("item_id"), item.field("item_id"), "positives show items that are not in 'items'") for p in pairs
    ]
    across = ends[0] != ends[1]
    count = len(groups)
    return Ties(
        items=item,
        splits=items.column("split").combine_chunks(),
        notes=notes,
        groups=groups,
        of_items=_codes(shown, [groups[end] for end in ends], count),
        of_notes=_codes([end[across] for end in ends], [groups[end[across]] for end in ends], count),
    )


def _joined(component_ids: pa.ChunkedArray, edges: list[Numbers]) -> Numbers:
    """[notes] the group of each note: components, joined by the mined pairs between them."""
    encoded = component_ids.combine_chunks().dictionary_encode()
    component, count = np.asarray(encoded.indices, np.int64), len(encoded.dictionary)
    left, right = (component[end] for end in edges)
    links = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(count, count))
    _, joined = connected_components(links, directed=False)
    groups: Numbers = joined[component].astype(np.int64)
    return groups


def _codes(owners: list[Numbers], groups: list[Numbers], count: int) -> Numbers:
    """Sorted owner * count + group, for both directions of a pair."""
    return np.unique(np.concatenate([owners[0] * count + groups[1], owners[1] * count + groups[0]]))


def _among(codes: Numbers, known: Numbers) -> Flags:
    if not len(known):
        return np.zeros(len(codes), bool)
    at = np.minimum(np.searchsorted(known, codes), len(known) - 1)
    found: Flags = known[at] == codes
    return found


def _numbered(values: pa.Array, among: pa.Array, fault: str) -> Numbers:
    found = pc.index_in(values, value_set=among)
    if found.null_count:
        first = values.filter(pc.is_null(found))[0].as_py()
        raise DataError(f"hard negatives: {found.null_count} {fault}, the first is {first}; mine the workspace again")
    return np.asarray(found, np.int64)
