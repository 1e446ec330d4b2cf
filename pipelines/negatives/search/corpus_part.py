"""One actor's part of a corpus, and the search in it."""

from dataclasses import dataclass

import numpy as np

from pipelines.negatives.search.best_below import Bounds, best_below
from pipelines.negatives.search.exact_dot import Rows, Vectors
from pipelines.negatives.search.exact_search import Search, SearchHits, exact, merge
from pipelines.negatives.search.ivf import IvfSettings, ivf_lookup, ivf_search
from pipelines.negatives.search.maxsim import best_notes, merge_notes
from pipelines.negatives.search.topk_backends import Lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusPart:
    """The vectors of a part of a corpus."""

    vectors: Vectors
    """[m, d]."""
    names: Rows
    """[m] numbers of the rows in the whole corpus; for elements the number of their note."""
    elements: bool
    """Whether the rows are elements of notes: those are searched by MaxSim."""
    centres: Vectors | None = None
    """[cells, d] the IVF centres of the whole corpus; None: exact search."""
    groups: Rows | None = None
    """[m] the group of each row's note, for a search within bounds."""


class PartIndex:
    """Searches a part of a corpus; the hits do not depend on how the corpus is split."""

    def __init__(self, part: CorpusPart, search: Search, cells: IvfSettings) -> None:
        """Assign the rows to IVF cells, if there are centres."""
        self._part, self._search = part, search
        self._ivf: Lookup | None = None
        if part.centres is not None and not part.elements and len(part.vectors):
            self._ivf = ivf_lookup(np.ascontiguousarray(part.vectors), part.centres, search, cells)

    def search(self, queries: Vectors, k: int, bounds: Bounds | None = None) -> SearchHits:
        """The k best rows or notes of the part for each query, by their numbers in the whole corpus.

        With bounds only what is within those of the query counts; a note then has all its elements in one part.
        """
        part = self._part
        if bounds is not None and part.groups is not None:
            return best_below(queries, bounds, part.vectors, part.names, part.groups, k, self._search)
        if part.elements:
            return best_notes(queries, part.vectors, part.names, k, self._search)
        if self._ivf is not None:
            return ivf_search(self._ivf, queries, part.vectors, k, self._search, names=part.names)
        return exact(queries, part.vectors, k, self._search, names=part.names)


def merge_parts(parts: list[SearchHits], k: int, elements: bool) -> SearchHits:
    """The hits of the whole corpus."""
    return merge_notes(parts, k) if elements else merge(parts, k)
