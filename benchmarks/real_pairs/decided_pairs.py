"""Verify labelled pairs as the job does, without Spark: candidates, hypotheses, verification."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from benchmarks.real_pairs.template_pairs import LabelledPair
from pipelines.mining.images.candidates.index_keys import IndexKeys, PictureKeys, picture_keys
from pipelines.mining.images.fingerprint.fingerprint import Fingerprint, fingerprint
from testkit.verified_pictures import StoredPicture, of_row, verdict

ACCEPTED = {
    "copy": {"copy"},
    "crop": {"crop"},
    "same": {"copy", "crop"},
    "variant": {"variant", "none"},
    "other": {"variant", "none"},
}
"""By a person's label, the decisions that are right: a variant is neither a copy nor a crop."""


class VerifiedPair(NamedTuple):
    """A labelled pair and the job's decision."""

    pair: LabelledPair
    decision: str
    """copy (framed ones too), crop, variant or none."""
    score: float

    @property
    def is_right(self) -> bool:
        """Whether the label accepts the decision."""
        return self.decision in ACCEPTED[self.pair.truth]


class _Picture(NamedTuple):
    stored: StoredPicture
    keys: PictureKeys


def decided(pairs: Iterable[LabelledPair]) -> Iterator[VerifiedPair]:
    """The decision on each pair; pictures that share no key are no candidates, so nothing.

    Cost: some 40 ms a pair, nearly all of it the fingerprints.
    """
    known: tuple[bytes, _Picture] | None = None
    for pair in pairs:
        if known is None or known[0] != pair.left:
            known = pair.left, _picture(pair.left)
        left, right = known[1], _picture(pair.right)
        votes = sum(len(np.intersect1d(x.keys.indexed, y.keys.queried)) for x, y in ((left, right), (right, left)))
        if votes == 0:
            yield VerifiedPair(pair, "none", 0.0)
            continue
        found = verdict(left.stored, right.stored, votes)
        yield VerifiedPair(pair, found.relation.split("_")[0].replace("framed", "copy"), found.score)


def _picture(content: bytes) -> _Picture:
    row = fingerprint(content, Fingerprint())
    return _Picture(of_row(row), picture_keys(row, IndexKeys()))
