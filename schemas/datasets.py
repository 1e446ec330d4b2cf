"""Every dataset of a workspace (docs/reference/tables.md)."""

import pyarrow as pa

from schemas.item import ITEM, REGION
from schemas.table import Table, column

TIME = pa.timestamp("us", tz="UTC")
IMAGE_REFERENCES = pa.list_(pa.struct([("image_id", pa.string()), ("uri", pa.string())]))

NOTES = Table(
    name="notes",
    grain="a note kept by the filter and the topic balance",
    key=("note_id",),
    made_by="jobs/mine_pairs.py",
    columns=pa.schema(
        [
            column("note_id", pa.string(), "note id; unique", required=True),
            column("title", pa.string(), "as read"),
            column("body", pa.string(), "as read"),
            column("topic", pa.string(), "as read; 'unknown' if missing", required=True),
            column("images", IMAGE_REFERENCES, "the note's pictures in order, as read", required=True),
            column("like_count", pa.int64(), "likes", required=True),
            column("collect_count", pa.int64(), "times saved"),
            column("comment_count", pa.int64(), "comments"),
            column("share_count", pa.int64(), "times shared"),
            column("author_id", pa.string(), "author"),
            column("published_at", TIME, "publication time (UTC)"),
            column("note_type", pa.string(), "'image' or 'video', whose images are its frames"),
            column("image_count", pa.int32(), "number of pictures listed", required=True),
            column("kept_because", pa.string(), "rule that kept the note", required=True),
        ]
    ),
)

DROPPED_NOTES = Table(
    name="dropped_notes",
    grain="a valid note that the filter or the topic balance dropped",
    key=("note_id",),
    made_by="jobs/mine_pairs.py",
    columns=pa.schema(
        [
            column("note_id", pa.string(), "note id", required=True),
            column("reason", pa.string(), "rule that dropped it, as named in the counts of `notes`", required=True),
            column("like_count", pa.int64(), "likes", required=True),
            column("topic", pa.string(), "as read; 'unknown' if missing", required=True),
            column("image_count", pa.int32(), "number of pictures listed", required=True),
        ]
    ),
)
"""At most `intake.recorded_drops` rows; the run's counts include those that were not written."""

IMAGES = Table(
    name="images",
    grain="a readable picture of a kept note",
    key=("note_id", "position", "image_id"),
    made_by="jobs/mine_pairs.py",
    columns=pa.schema(
        [
            column("image_id", pa.string(), "picture id", required=True),
            column("note_id", pa.string(), "note that contains it", required=True),
            column("position", pa.int32(), "index in the note, from 0", required=True),
            column("uri", pa.string(), "location that its bytes were read from"),
            column("sha256", pa.string(), "SHA-256 of the file's bytes, hex", required=True),
            column("width", pa.int32(), "pixels, after EXIF rotation", required=True),
            column("height", pa.int32(), "pixels, after EXIF rotation", required=True),
            column("phash", pa.int64(), "64-bit pHash, the bits of imagehash.phash", required=True),
            column("pdq", pa.binary(), "256-bit PDQ hash", required=True),
            column("quality", pa.int32(), "PDQ quality, 0 to 100; below 50 the hash is not reliable", required=True),
            column(
                "surface", pa.string(), "'photo', or 'flat': too little texture for hashes to distinguish it", required=True
            ),
        ]
    ),
)

QUARANTINE = Table(
    name="quarantine",
    grain="a rejected input row",
    key=("source", "id", "reason", "detail"),
    made_by="jobs/mine_pairs.py",
    columns=pa.schema(
        [
            column("id", pa.string(), "the row's own id, or 'row <hash>' if it has none", required=True),
            column("source", pa.string(), "notes, images or clicks", required=True),
            column("reason", pa.string(), "error category; a fixed set of short texts", required=True),
            column("detail", pa.string(), "the value found, and its location"),
        ]
    ),
)

EVIDENCE = pa.struct(
    [
        ("hamming_distance", pa.int32()),
        ("inliers", pa.int32()),
        ("pixel_correlation", pa.float64()),
        ("mirrored", pa.bool_()),
        ("structure", pa.float64()),
        ("colour_error", pa.float64()),
        ("region", REGION),
        ("query_start", pa.int32()),
        ("query_end", pa.int32()),
        ("target_start", pa.int32()),
        ("target_end", pa.int32()),
        ("shared_chars", pa.int32()),
        ("containment", pa.float64()),
        ("users", pa.int64()),
        ("cooccurrence", pa.float64()),
        ("swing", pa.float64()),
    ]
)
"""Evidence for a pair. Of pictures: score = structure x (1 - colour_error / 50). `structure`: mean correlation of the cells
that both show; a sticker, a hidden part or a blur lowers it. `colour_error`: grey levels that one change of light leaves
unexplained. `region`: the location of the query within the target, for a framed copy or a crop."""

_PAIR = [
    column("pair_id", pa.string(), "hash of granularity, task and both items", required=True),
    column("granularity", pa.string(), "how the pair was found: near_duplicate_image, crop, ...", required=True),
    column("task", pa.string(), "retrieval task: image_to_note, note_to_note, ...", required=True),
    column("query", ITEM, "query item", required=True),
    column("target", ITEM, "positive item", required=True),
    column("score", pa.float64(), "strength of the match, 0 to 1; comparable within a granularity", required=True),
    column("evidence", EVIDENCE, "measurements behind the score", required=True),
]

PAIRS = Table(
    name="pairs",
    grain="a mined pair, before components and splits",
    key=("granularity", "task", "pair_id"),
    made_by="jobs/mine_pairs.py",
    columns=pa.schema(_PAIR),
)

POSITIVES = Table(
    name="positives",
    grain="a pair of items, both in one split",
    key=("granularity", "task", "pair_id"),
    made_by="jobs/mine_pairs.py",
    columns=pa.schema(
        [
            *_PAIR,
            column("component_id", pa.string(), "component of the query's note", required=True),
            column("split", pa.string(), "train, validation or test; the same for both notes", required=True),
        ]
    ),
)

COMPONENTS = Table(
    name="components",
    grain="a kept note",
    key=("note_id",),
    made_by="jobs/mine_pairs.py",
    columns=pa.schema(
        [
            column("note_id", pa.string(), "the note", required=True),
            column("component_id", pa.string(), "smallest note_id in the component", required=True),
            column("size", pa.int64(), "number of notes in the component", required=True),
            column(
                "content_group", pa.string(), "smallest note_id of those that ties that are not weak connect", required=True
            ),
            column("split", pa.string(), "train, validation or test", required=True),
        ]
    ),
)

ITEMS = Table(
    name="items",
    grain="a distinct item of the positives",
    key=("item.item_id",),
    made_by="jobs/mine_pairs.py",
    columns=pa.schema(
        [
            column("item", ITEM, "the item", required=True),
            column("split", pa.string(), "split of its note", required=True),
        ]
    ),
)

LINE = pa.struct([("text", pa.string()), ("confidence", pa.float64()), ("region", REGION)])
"""A line of text in a picture, and its axis-aligned bounding box."""

ANNOTATIONS = Table(
    name="annotations",
    grain="a picture of a note and the output of one annotator",
    key=("note_id", "image_id", "kind", "model"),
    made_by="jobs/annotate_images.py",
    columns=pa.schema(
        [
            column("image_id", pa.string(), "picture id", required=True),
            column("note_id", pa.string(), "note that contains it", required=True),
            column("sha256", pa.string(), "SHA-256 of the file's bytes, hex; with kind and model the cache key", required=True),
            column("kind", pa.string(), "ocr or description", required=True),
            column("model", pa.string(), "annotator: name and fingerprint, or note-title, note-body", required=True),
            column("text", pa.string(), "output text; for OCR the lines in reading order; null if there is a reason"),
            column("confidence", pa.float64(), "0 to 1; for OCR the length-weighted mean over lines; null if unavailable"),
            column("lines", pa.list_(LINE), "recognized lines in reading order (OCR only); null for a description"),
            column("reason", pa.string(), "why there is no text; a fixed set of short texts"),
            column("detail", pa.string(), "details of the failure"),
        ]
    ),
)

EMBEDDINGS = Table(
    name="embeddings",
    grain="an item, or an element of a note, encoded by one encoder",
    key=("model", "note_id", "item_id"),
    made_by="jobs/mine_hard_negatives.py",
    columns=pa.schema(
        [
            column("item_id", pa.string(), "id of the encoded content, computed as for items", required=True),
            column("note_id", pa.string(), "note of the item", required=True),
            column("model", pa.string(), "encoder fingerprint: weights and every setting that changes vectors", required=True),
            column("pictures", pa.string(), "hash of its pictures' bytes, and of a note's OCR; '' without them", required=True),
            column("vector", pa.list_(pa.float32()), "unit length; null if there is a reason"),
            column("reason", pa.string(), "why there is no vector; a fixed set of short texts"),
            column("detail", pa.string(), "details of the failure"),
        ]
    ),
)

HARD_NEGATIVES = Table(
    name="hard_negatives",
    grain="a hard negative for a query and one of its positives",
    key=("query_id", "positive_id", "rank"),
    made_by="jobs/mine_hard_negatives.py",
    columns=pa.schema(
        [
            column("query_id", pa.string(), "item_id of the query", required=True),
            column("positive_id", pa.string(), "item_id of the positive of the same pair", required=True),
            column("candidate_id", pa.string(), "item_id of the negative, from items or (rule) counterfactuals", required=True),
            column("task", pa.string(), "task of the query and its positive", required=True),
            column("rank", pa.int32(), "from 1; the rule-made negative first, then by decreasing similarity", required=True),
            column("similarity", pa.float64(), "to the query, by the reference encoder; MaxSim for a note; null: not encoded"),
            column("soft_label", pa.float64(), "relevance from the source in label_from; null: unknown"),
            column("source", pa.string(), "band (retrieved), judge (retrieved and judged), rule (generated)", required=True),
            column("label_from", pa.string(), "similarity, or judge (calibrated, 0 to 1)"),
        ]
    ),
)

SHORTFALLS = Table(
    name="shortfalls",
    grain="a query and a positive with fewer negatives than requested",
    key=("query_id", "positive_id"),
    made_by="jobs/mine_hard_negatives.py",
    columns=pa.schema(
        [
            column("query_id", pa.string(), "item_id of the query", required=True),
            column("positive_id", pa.string(), "item_id of the positive", required=True),
            column("task", pa.string(), "task of the pair", required=True),
            column("wanted", pa.int32(), "negatives requested", required=True),
            column("written", pa.int32(), "negatives written", required=True),
            column("candidates", pa.int64(), "candidates that the search returned for the query", required=True),
            column("reason", pa.string(), "reason that removed most candidates", required=True),
            column("dropped", pa.map_(pa.string(), pa.int64()), "candidates removed, by reason", required=True),
        ]
    ),
)

COUNTERFACTUALS = Table(
    name="counterfactuals",
    grain="a note with one part removed, as a negative for that part",
    key=("query_id", "positive_id"),
    made_by="jobs/mine_hard_negatives.py",
    columns=pa.schema(
        [
            column("query_id", pa.string(), "item_id of the removed part", required=True),
            column("positive_id", pa.string(), "item_id of the complete note", required=True),
            column("task", pa.string(), "image_to_note, text_to_note or ocr_to_note", required=True),
            column("item", ITEM, "the note without the part and its repetitions", required=True),
            column("images_out", pa.list_(pa.string()), "pictures removed: that of the part and its copies", required=True),
            column("chars_out", pa.int32(), "characters removed from the text", required=True),
        ]
    ),
)

JUDGEMENTS = Table(
    name="judgements",
    grain="a query, a candidate and the score of one judge",
    key=("judge", "prompt_hash", "query_id", "candidate_id"),
    made_by="jobs/judge_relevance.py",
    columns=pa.schema(
        [
            column("query_id", pa.string(), "item_id of the query", required=True),
            column("candidate_id", pa.string(), "item_id of the candidate: a positive or a negative", required=True),
            column("task", pa.string(), "retrieval task: image_to_note, note_to_note, ...", required=True),
            column(
                "judge", pa.string(), "judge name and fingerprint: weights and every setting that changes scores", required=True
            ),
            column("prompt_hash", pa.string(), "hash of the question's template, without the items", required=True),
            column("score", pa.float64(), "raw score, 0 to 1; null if there is a reason"),
            column("calibrated", pa.float64(), "probability that the candidate is relevant; null: not calibrated, or no score"),
            column("grade", pa.int32(), "0 not relevant, 1 slightly, 2 mostly, 3 the same content; null: no score"),
            column("flagged", pa.string(), "suspicious content, such as text that contains instructions; null: none"),
            column("reason", pa.string(), "why there is no score; a fixed set of short texts"),
            column("detail", pa.string(), "details of the failure"),
        ]
    ),
)
