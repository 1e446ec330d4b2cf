"""Notes that a candidate is compared with: that of its query and those of the positives of the query and task."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.negatives import query_positives
from pipelines.negatives.filters.false_negative_filter import ScreenedCandidates
from pipelines.negatives.filters.mined_relations import MinedRelations
from pipelines.negatives.filters.text_overlap import grouped

Numbers = NDArray[np.int64]
Comparison = tuple[str, frozenset[str]]
"""A candidate's note, and the notes that it is compared with."""
SamePredicate = Callable[[Sequence[Comparison]], Sequence[bool]]
"""Whether each candidate's note has the same content as one of the notes that it is compared with."""


class ComparedNotes:
    """The comparisons of screened candidates, by row."""

    def __init__(self, screen: ScreenedCandidates, relations: MinedRelations, positives: pa.Table) -> None:
        """Collect the notes of the queries and positives.

        Args:
            screen: of the candidates.
            relations: of the workspace that they are from.
            positives: SCORED_POSITIVES, all positives of the queries.
        """
        names = query_positives.unit_names(screen.rows).unique()
        mine = positives.filter(pc.is_in(query_positives.unit_names(positives), value_set=names))
        note = relations.items.field("note_id")
        by_unit = grouped(query_positives.units(mine, names), relations.numbers(mine.column("positive_id")))
        queries, candidates = (relations.numbers(screen.rows.column(name)) for name in ("query_id", "candidate_id"))
        self._unit, self._note = query_positives.units(screen.rows, names), note.take(pa.array(candidates)).to_pylist()
        query_notes = dict(zip(self._unit.tolist(), note.take(pa.array(queries)).to_pylist(), strict=True))
        self._others = {
            unit: frozenset([query_note, *note.take(pa.array(by_unit.get(unit, []), pa.int64())).to_pylist()])
            for unit, query_note in query_notes.items()
        }

    def late_filter(self, predicates: Mapping[int, SamePredicate]) -> Callable[[Numbers], NDArray[np.int8]]:
        """A function: rows -> the first reason (key of `predicates`) that removes each, 0: none.

        Each distinct comparison is evaluated once a call.
        """

        def reasons_of(rows: Numbers) -> NDArray[np.int8]:
            reasons = np.zeros(len(rows), np.int8)
            for reason, predicate in predicates.items():
                left = np.flatnonzero(reasons == 0)
                comparisons = [self._comparison(row) for row in rows[left].tolist()]
                distinct = list(dict.fromkeys(comparisons))
                same = dict(zip(distinct, predicate(distinct), strict=True))
                reasons[left[np.array([same[one] for one in comparisons], bool)]] = reason
            return reasons

        return reasons_of

    def _comparison(self, row: int) -> Comparison:
        return self._note[row], self._others[int(self._unit[row])]
