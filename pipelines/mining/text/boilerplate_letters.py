"""Which folded letters of a text are boilerplate by form: tags, links, footers, placeholder text, repetition. No engine."""

from collections.abc import Sequence

import numpy as np

from pipelines.media.boilerplate import Span, boilerplate
from pipelines.media.repetition import repeated
from pipelines.mining.text.normalise import FoldedBatch
from pipelines.mining.text.winnowing import Flags


def boilerplate_letters(texts: Sequence[str], folded: FoldedBatch) -> Flags:
    """[n] whether each letter of the folded texts is boilerplate by form.

    Args:
        texts: the originals.
        folded: `fold(texts)`.

    Cost: linear; one pass of patterns over each text, and `repeated` over the whole batch.
    """
    flags = repeated(folded.codes, folded.bounds)
    for b, text in enumerate(texts):
        low, high = folded.bounds[b : b + 2]
        if low < high:
            flags[low:high] |= covered(folded, b, boilerplate(text))
    return flags


def covered(folded: FoldedBatch, b: int, spans: Sequence[Span]) -> Flags:
    """Whether each letter of text b begins in one of the spans, which are in order and apart."""
    low, high = folded.bounds[b : b + 2]
    if not spans:
        return np.zeros(high - low, bool)
    starts = folded.starts[low:high]
    begins, ends = np.array(spans).T
    place = np.searchsorted(begins, starts, side="right") - 1
    inside: Flags = (place >= 0) & (starts < ends[place])
    return inside
