"""The datasets between the steps of jobs/mine_pairs.py. They have folders, and no views."""

from dataclasses import replace

import pyarrow as pa

from schemas.datasets import PAIRS, QUARANTINE
from schemas.granularity import GRANULARITY_NAMES
from schemas.item import REGION
from schemas.table import Table, column

JOB = "jobs/mine_pairs.py"

REFUSED = {source: replace(QUARANTINE, name=f"refused/{source}") for source in ("notes", "images", "clicks")}
"""Refused rows by source; the quarantine is all of them."""

MINED = {name: replace(PAIRS, name=f"mined/{name}") for name in GRANULARITY_NAMES}
"""Pairs by granularity, before components and splits."""

ANNOTATED = replace(PAIRS, name="mined/annotated", made_by="jobs/annotate_images.py")
"""The within-note pairs with descriptions in them, and the pairs of pictures and what was read or said of them."""

PICTURES = Table(
    name="mined/pictures",
    grain="distinct picture file, by its bytes",
    key=("sha256",),
    made_by=JOB,
    columns=pa.schema(
        [
            column("sha256", pa.string(), "of the bytes, hex", required=True),
            column("width", pa.int32(), "pixels, after EXIF rotation", required=True),
            column("height", pa.int32(), "pixels, after EXIF rotation", required=True),
            column("phash", pa.int64(), "64-bit pHash", required=True),
            column("pdq", pa.binary(), "256-bit PDQ hash", required=True),
            column("pdq_turns", pa.binary(), "PDQ of the 8 turns and flips, of the straightened picture", required=True),
            column("pdq_exposed", pa.binary(), "PDQ of the picture overexposed", required=True),
            column("quality", pa.int32(), "PDQ quality, 0 to 100", required=True),
            column("surface", pa.string(), "photo or flat", required=True),
            column("thumbnail", pa.binary(), "small picture on which pairs are verified", required=True),
            column("features", pa.binary(), "local features, packed", required=True),
            column("feature_count", pa.int32(), "how many they are", required=True),
        ]
    ),
)

RELATIONS = (
    "copy; framed_l, framed_r: l (r) lies whole in the other, inside a frame; crop_l, crop_r: l (r) is cut out of the other"
)

PICTURE_PAIRS = Table(
    name="mined/picture_pairs",
    grain="two distinct picture files that show the same, verified; sha256_l < sha256_r",
    key=("sha256_l", "sha256_r"),
    made_by=JOB,
    columns=pa.schema(
        [
            column("sha256_l", pa.string(), "one picture", required=True),
            column("sha256_r", pa.string(), "the other", required=True),
            column("relation", pa.string(), RELATIONS, required=True),
            column("region", REGION, "where in the larger picture the smaller one lies; null when they are congruent"),
            column("mirrored", pa.bool_(), "one is the other's mirror image", required=True),
            column("hamming_distance", pa.int32(), "PDQ bits that differ, at the best turn or flip", required=True),
            column("inliers", pa.int32(), "local features that agree with the transform", required=True),
            column("pixel_correlation", pa.float64(), "of the aligned pixels, -1 to 1", required=True),
            column("score", pa.float64(), "0 to 1: agreement in structure and in colour", required=True),
        ]
    ),
)

PICTURE_DOUBTS = Table(
    name="mined/picture_doubts",
    grain="two picture files whose features or hashes agree and whose pixels do not, or not enough; sha256_l < sha256_r",
    key=("sha256_l", "sha256_r"),
    made_by=JOB,
    columns=pa.schema(
        [
            column("sha256_l", pa.string(), "one picture", required=True),
            column("sha256_r", pa.string(), "the other", required=True),
            column("hamming_distance", pa.int32(), "PDQ bits that differ, at the best turn or flip", required=True),
            column("inliers", pa.int32(), "local features that agree with the best map; 0: laid whole on whole", required=True),
        ]
    ),
)
"""Nearly all are different things. Who needs to be sure that two differ (a negative) leaves them out."""
