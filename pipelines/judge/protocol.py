"""The protocol of all judges: pairs of items with their pictures in, one score or reason per pair out."""

from collections.abc import Mapping
from typing import Protocol

import pyarrow as pa

from pipelines.items.failure_reasons import Reason
from pipelines.media.decode import BadPicture, Pixels
from schemas.item import ITEM

PAIRS = pa.schema(
    [
        ("query_id", pa.string()),
        ("candidate_id", pa.string()),
        ("task", pa.string()),
        ("query", ITEM),
        ("candidate", ITEM),
    ]
)
"""Pairs to judge. The ids are those of the two items."""

SCORES = pa.schema(
    [
        ("query_id", pa.string()),
        ("candidate_id", pa.string()),
        ("score", pa.float64()),
        ("flagged", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)
"""One row per pair, in the order of the pairs. `score` is 0 to 1, or null with a `reason`."""

Picture = Pixels | BadPicture
"""An upright RGB picture [h, w, 3] uint8, or why it cannot be read: then only its own pairs fail, with that reason."""

Sizes = Mapping[str, tuple[int, int]]
"""image_id -> width and height, pixels, as in the images table; a missing one is estimated."""

NOT_ASKED = Reason.NOT_ASKED
UNAVAILABLE = Reason.SERVER_UNAVAILABLE
FAILED = Reason.MODEL_FAILED
NO_PICTURE = Reason.MISSING_PICTURE
"""The item has a picture that was not passed to the judge."""
NOTHING_TO_JUDGE = Reason.NOTHING_TO_JUDGE
"""An item has neither a picture nor text."""
REFUSED = Reason.SERVER_REFUSED
UNREADABLE = Reason.NOT_UNDERSTOOD
NOT_IN_TOP = Reason.NOT_IN_TOP
JUDGE_FAILURES = (UNAVAILABLE, REFUSED, UNREADABLE, NOT_IN_TOP, FAILED)
"""Reasons from the judge itself: if it returns nothing else, the cause is the judge and not the pairs."""


class Judge(Protocol):
    """Loaded once per actor, called for every chunk."""

    model: str
    """Name and fingerprint of the weights and of everything that changes scores except the question."""
    prompt_hash: str
    """16 hex digits of the question without the items."""

    def __call__(self, pairs: pa.Table, pictures: Mapping[str, Picture]) -> pa.Table:
        """SCORES of PAIRS.

        Args:
            pairs: PAIRS. A pair's score does not depend on the other pairs (beyond rounding, 1e-4).
            pictures: whole pictures by image_id: the judge cuts out crops. A missing one gives the reason NO_PICTURE.
        """
        ...

    def tokens(self, pairs: pa.Table, sizes: Sizes) -> int:
        """Estimate the prompt tokens of these pairs before any request; 0 for a judge without a model.

        Args:
            pairs: PAIRS.
            sizes: sizes of their pictures.
        """
        ...
