"""One actor's part of a corpus: what it holds, and the best of it for some queries."""

from dataclasses import dataclass

import numpy as np

from pipelines.negatives.search.exact_dot import Rows, Vectors
from pipelines.negatives.search.exact_search import Found, Search, exact, merge
from pipelines.negatives.search.ivf import Cells, by_cells, visiting
from pipelines.negatives.search.maxsim import best_notes, merge_notes
from pipelines.negatives.search.topk_backends import Lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """A part of a corpus."""

    vectors: Vectors
    """[m, d]."""
    names: Rows
    """[m] what the rows are called in the whole corpus; of elements the number of their note."""
    elements: bool
    """Whether the rows are elements of notes: those answer by MaxSim."""
    middle: Vectors | None = None
    """[cells, d] the centres of the whole corpus, where it is searched by cells."""


class Part:
    """Holds a part and answers queries, the same however the corpus is cut."""

    def __init__(self, corpus: Corpus, search: Search, cells: Cells) -> None:
        """Sort the rows into their cells, where there are cells."""
        self._corpus, self._search = corpus, search
        cut = corpus.middle is not None and not corpus.elements and len(corpus.vectors)
        self._look: Lookup | None = None
        if cut and corpus.middle is not None:
            self._look = visiting(np.ascontiguousarray(corpus.vectors), corpus.middle, search, cells)

    def find(self, queries: Vectors, k: int) -> Found:
        """The k best of the part for each query: rows or notes, by `names`."""
        corpus = self._corpus
        if corpus.elements:
            return best_notes(queries, corpus.vectors, corpus.names, k, self._search)
        if self._look is not None:
            return by_cells(self._look, queries, corpus.vectors, k, self._search, names=corpus.names)
        return exact(queries, corpus.vectors, k, self._search, names=corpus.names)


def merged(parts: list[Found], k: int, elements: bool) -> Found:
    """The answer of the whole corpus."""
    return merge_notes(parts, k) if elements else merge(parts, k)
