"""Datasets between the steps of jobs/mine_pairs.py. They have folders but no views."""

from dataclasses import replace

import pyarrow as pa

from schemas.datasets import PAIRS, QUARANTINE
from schemas.granularity import GRANULARITY_NAMES
from schemas.item import REGION
from schemas.table import Table, column

JOB = "jobs/mine_pairs.py"

REFUSED = {source: replace(QUARANTINE, name=f"refused/{source}") for source in ("notes", "images", "clicks")}
"""Rejected rows by source; the quarantine is their union."""

MINED = {name: replace(PAIRS, name=f"mined/{name}") for name in GRANULARITY_NAMES}
"""Pairs by granularity, before components and splits."""

ANNOTATED = replace(PAIRS, name="mined/annotated", made_by="jobs/annotate_images.py")
"""The within-note pairs with descriptions filled in, and the pairs of a picture and its OCR text or description."""

PICTURES = Table(
    name="mined/pictures",
    grain="distinct picture file, by its bytes",
    key=("sha256",),
    made_by=JOB,
    columns=pa.schema(
        [
            column("sha256", pa.string(), "SHA-256 of the file's bytes, hex", required=True),
            column("width", pa.int32(), "pixels, after EXIF rotation", required=True),
            column("height", pa.int32(), "pixels, after EXIF rotation", required=True),
            column("phash", pa.int64(), "64-bit pHash", required=True),
            column("pdq", pa.binary(), "256-bit PDQ hash", required=True),
            column("pdq_turns", pa.binary(), "PDQ of the 8 rotations and flips of the deskewed picture", required=True),
            column("pdq_exposed", pa.binary(), "PDQ of an overexposed version", required=True),
            column("quality", pa.int32(), "PDQ quality, 0 to 100", required=True),
            column("surface", pa.string(), "photo or flat", required=True),
            column("thumbnail", pa.binary(), "thumbnail that verification compares", required=True),
            column("working_picture", pa.binary(), "grey working picture on which verification compares text", required=True),
            column("features", pa.binary(), "local features, packed", required=True),
            column("feature_count", pa.int32(), "number of local features", required=True),
        ]
    ),
)

RELATIONS = (
    "copy; framed_l, framed_r: l (r) is shown whole inside a frame in the other; crop_l, crop_r: l (r) is a crop of the other"
)

PICTURE_PAIRS = Table(
    name="mined/picture_pairs",
    grain="a verified pair of distinct picture files with the same content; sha256_l < sha256_r",
    key=("sha256_l", "sha256_r"),
    made_by=JOB,
    columns=pa.schema(
        [
            column("sha256_l", pa.string(), "one picture", required=True),
            column("sha256_r", pa.string(), "the other", required=True),
            column("relation", pa.string(), RELATIONS, required=True),
            column("region", REGION, "location of the smaller picture in the larger; null if both show the same area"),
            column("mirrored", pa.bool_(), "one is the other's mirror image", required=True),
            column("hamming_distance", pa.int32(), "differing PDQ bits, at the best rotation or flip", required=True),
            column("inliers", pa.int32(), "local features consistent with the transform", required=True),
            column("pixel_correlation", pa.float64(), "correlation of the aligned pixels, -1 to 1", required=True),
            column("structure", pa.float64(), "mean correlation of the cells that both show, -1 to 1", required=True),
            column("colour_error", pa.float64(), "grey levels that one change of light leaves unexplained", required=True),
            column("score", pa.float64(), "0 to 1: structure x (1 - colour_error / 50)", required=True),
        ]
    ),
)

VARIANT_EVIDENCE = ("mirrored", "pixel_correlation", "structure", "colour_error", "score")

PICTURE_DOUBTS = Table(
    name="mined/picture_doubts",
    grain="two picture files whose features or hashes match but whose pixels do not match enough; sha256_l < sha256_r",
    key=("sha256_l", "sha256_r"),
    made_by=JOB,
    columns=pa.schema(
        [
            column("sha256_l", pa.string(), "one picture", required=True),
            column("sha256_r", pa.string(), "the other", required=True),
            column("hamming_distance", pa.int32(), "differing PDQ bits, at the best rotation or flip", required=True),
            column(
                "inliers",
                pa.int32(),
                "local features consistent with the best transform; 0: compared without one",
                required=True,
            ),
            column("relation", pa.string(), "variant: one layout, view or product with other content; none", required=True),
            *[PICTURE_PAIRS.columns.field(name) for name in VARIANT_EVIDENCE],
        ]
    ),
)
"""Nearly all show different content; variants have the layout in common. A step that must be sure that two pictures
differ (negatives) excludes them."""

TEXT_TIES = Table(
    name="mined/text_ties",
    grain="two notes that must be in one split for their texts, though they are no pair; note_id_l < note_id_r",
    key=("note_id_l", "note_id_r"),
    made_by=JOB,
    columns=pa.schema(
        [
            column("note_id_l", pa.string(), "one note", required=True),
            column("note_id_r", pa.string(), "the other", required=True),
            column("shared_chars", pa.int32(), "folded characters that both have", required=True),
            column("containment", pa.float64(), "share of the shorter text or body, 0 to 1", required=True),
        ]
    ),
)
"""Equal texts, equal bodies, and texts that contain most of another, however short and however many notes have them."""
