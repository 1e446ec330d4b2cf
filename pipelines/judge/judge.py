"""What every judge is: pairs of items with their pictures in, one score or reason for each pair out."""

from collections.abc import Mapping
from typing import Protocol

import pyarrow as pa

from pipelines.decode import BadPicture, Pixels
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

NOT_ASKED = "not asked: the budget is spent"
UNAVAILABLE = "server unavailable"
FAILED = "model failed"
NO_PICTURE = "missing picture"
"""The item names a picture that was not given."""
NOTHING = "nothing to judge"
"""An item has neither a picture nor a word."""
REFUSED = "server refused"
UNREADABLE = "server's answer not understood"
NOT_IN_TOP = "yes or no not among the top tokens"
MISSING_FILE, UNREADABLE_FILE = "missing file", "unreadable file"
PASSING = (NOT_ASKED, UNAVAILABLE, REFUSED, UNREADABLE, FAILED, NO_PICTURE, MISSING_FILE, UNREADABLE_FILE)
"""Reasons that may lie with the hour and not with the pair: a second run asks such a pair again. The others are answers."""
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
