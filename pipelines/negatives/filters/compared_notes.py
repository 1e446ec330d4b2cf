"""Which notes a candidate is held against: that of its query and those of the positives of the query and task."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.negatives import query_positives
from pipelines.negatives.filters.false_negative_filter import Screened
from pipelines.negatives.filters.mined_relations import Ties
from pipelines.negatives.filters.text_overlap import grouped

Numbers = NDArray[np.int64]
Held = tuple[str, frozenset[str]]
"""A candidate's note, and the notes that it is held against."""
Ask = Callable[[Sequence[Held]], Sequence[bool]]
"""Whether each shows or says the same as one of those that it is held against."""


class Beside:
    """By row of a screen."""

    def __init__(self, screen: Screened, ties: Ties, positives: pa.Table) -> None:
        """Of a screen's candidates.

        Args:
            screen: of the candidates.
            ties: of the workspace that they are from.
            positives: SCORED, all positives of the queries.
        """
        names = query_positives.unit_names(screen.rows).unique()
        mine = positives.filter(pc.is_in(query_positives.unit_names(positives), value_set=names))
        note = ties.items.field("note_id")
        answers = grouped(query_positives.units(mine, names), ties.numbers(mine.column("positive_id")))
        queries, offered = (ties.numbers(screen.rows.column(name)) for name in ("query_id", "candidate_id"))
        self._unit, self._note = query_positives.units(screen.rows, names), note.take(pa.array(offered)).to_pylist()
        owners = dict(zip(self._unit.tolist(), note.take(pa.array(queries)).to_pylist(), strict=True))
        self._against = {
            unit: frozenset([owner, *note.take(pa.array(answers.get(unit, []), pa.int64())).to_pylist()])
            for unit, owner in owners.items()
        }

    def looks(self, asks: Mapping[int, Ask]) -> Callable[[Numbers], NDArray[np.int8]]:
        """Rows -> the first reason (by which `asks` goes) that takes each, 0: none. Each distinct question is asked once."""

        def look(rows: Numbers) -> NDArray[np.int8]:
            out = np.zeros(len(rows), np.int8)
            for reason, ask in asks.items():
                left = np.flatnonzero(out == 0)
                held = [self._held(row) for row in rows[left].tolist()]
                distinct = list(dict.fromkeys(held))
                said = dict(zip(distinct, ask(distinct), strict=True))
                out[left[np.array([said[both] for both in held], bool)]] = reason
            return out

        return look

    def _held(self, row: int) -> Held:
        return self._note[row], self._against[int(self._unit[row])]
