"""What every judge is: pairs of items with their pictures in, one score or reason for each pair out."""

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
"""What is judged. The ids are those of the two items."""

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
"""One row for each pair, in the order of the pairs. `score` is 0 to 1, or null and then `reason` says why."""

Picture = Pixels | BadPicture
"""An upright RGB picture [h, w, 3] uint8, or why there is none: the pair gets the reason and costs only itself."""

Sizes = Mapping[str, tuple[int, int]]
"""image_id -> width and height, pixels, as the images table has them; what is not in it counts as a square of ours."""

NOT_ASKED = Reason.NOT_ASKED
UNAVAILABLE = Reason.SERVER_UNAVAILABLE
FAILED = Reason.MODEL_FAILED
NO_PICTURE = Reason.MISSING_PICTURE
"""The item names a picture that was not given."""
NOTHING = Reason.NOTHING_TO_JUDGE
"""An item has neither a picture nor a word."""
REFUSED = Reason.SERVER_REFUSED
UNREADABLE = Reason.NOT_UNDERSTOOD
NOT_IN_TOP = Reason.NOT_IN_TOP
OF_THE_JUDGE = (UNAVAILABLE, REFUSED, UNREADABLE, NOT_IN_TOP, FAILED)
"""Reasons of a judge that was asked: where it gives nothing else, the fault is hardly each pair's own."""


class Judge(Protocol):
    """Loaded once an actor, called for every chunk."""

    model: str
    """Name and fingerprint of the weights and of all that changes scores but the question."""
    prompt_hash: str
    """Of the question as it is asked, without the items; 16 hex digits."""

    def __call__(self, pairs: pa.Table, pictures: Mapping[str, Picture]) -> pa.Table:
        """SCORES of PAIRS.

        Args:
            pairs: PAIRS. What else is in it does not change a pair's score (beyond rounding, 1e-4).
            pictures: by image_id, whole: a crop is cut out here. An image that is not in it is the reason NO_PICTURE.
        """
        ...

    def tokens(self, pairs: pa.Table, sizes: Sizes) -> int:
        """An estimate of the prompt tokens that judging these pairs takes, before any is asked; 0 for a judge without a model.

        Args:
            pairs: PAIRS.
            sizes: of their pictures.
        """
        ...
