"""Input schemas: the columns that a job reads, the mandatory ones marked required (docs/reference/tables.md)."""

import pyarrow as pa

from schemas.datasets import IMAGE_REFERENCES, TIME
from schemas.table import column

NOTES_IN = pa.schema(
    [
        column("note_id", pa.string(), "note id; unique", required=True),
        column("title", pa.string(), "may be null"),
        column("body", pa.string(), "may be null"),
        column("topic", pa.string(), "null is read as 'unknown'"),
        column("images", IMAGE_REFERENCES, "in order; a uri must be below --image-root (see intake.any_uri)", required=True),
        column("like_count", pa.int64(), "0 or more", required=True),
        column("collect_count", pa.int64(), "times saved"),
        column("comment_count", pa.int64(), "comments"),
        column("share_count", pa.int64(), "times shared"),
        column("author_id", pa.string(), "author"),
        column("published_at", TIME, "UTC"),
        column("note_type", pa.string(), "image or video"),
    ]
)

IMAGES_IN = pa.schema(
    [
        column("image_id", pa.string(), "picture id", required=True),
        column("content", pa.binary(), "bytes of the picture file (base64 in JSONL)", required=True),
    ]
)

CLICKS_IN = pa.schema(
    [
        column("user_id", pa.string(), "user who clicked; never leaves the co-click step", required=True),
        column("note_id", pa.string(), "clicked note", required=True),
        column(
            "clicked_at", TIME, "click time, UTC; in text files also seconds, milli- or microseconds since 1970", required=True
        ),
        column("session_id", pa.string(), "not used yet"),
        column("source_note_id", pa.string(), "not used yet"),
    ]
)

LABELS_IN = pa.schema(
    [
        column("query_id", pa.string(), "item_id of the query", required=True),
        column("candidate_id", pa.string(), "item_id of one of its positives or negatives", required=True),
        column("relevant", pa.bool_(), "a person's label; in text files also 1/0 and yes/no", required=True),
    ]
)
"""Labels that the page of jobs/report_pairs.py downloads and jobs/judge_relevance.py calibrates on."""
