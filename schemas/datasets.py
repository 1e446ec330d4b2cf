"""Every dataset of a workspace (docs/reference/tables.md)."""

import pyarrow as pa

from schemas.item import ITEM, REGION
from schemas.table import Table, column

TIME = pa.timestamp("us", tz="UTC")
IMAGE_REFERENCES = pa.list_(pa.struct([("image_id", pa.string()), ("uri", pa.string())]))

NOTES = Table(
    name="notes",
    grain="a note that the filter and the balance kept",
    key=("note_id",),
    made_by="jobs/mine_pairs.py",
    columns=pa.schema(
        [
            column("note_id", pa.string(), "names the note; unique", required=True),
            column("title", pa.string(), "as read"),
            column("body", pa.string(), "as read"),
            column("topic", pa.string(), "as read; 'unknown' where there was none", required=True),
            column("images", IMAGE_REFERENCES, "the note's pictures in order, as read", required=True),
            column("like_count", pa.int64(), "likes", required=True),
            column("collect_count", pa.int64(), "times saved"),
            column("comment_count", pa.int64(), "comments"),
            column("share_count", pa.int64(), "times shared"),
            column("author_id", pa.string(), "who wrote it"),
            column("published_at", TIME, "when it was published (UTC)"),
            column("note_type", pa.string(), "'image' or 'video', whose images are its frames"),
            column("image_count", pa.int32(), "how many pictures it lists", required=True),
            column("kept_because", pa.string(), "which rule kept it", required=True),
        ]
    ),
)

DROPPED_NOTES = Table(
    name="dropped_notes",
    grain="a note that was read and is right, and that the filter or the balance left out",
    key=("note_id",),
    made_by="jobs/mine_pairs.py",
    columns=pa.schema(
        [
            column("note_id", pa.string(), "names the note", required=True),
            column("reason", pa.string(), "which rule left it out, as the counts of `notes` name it", required=True),
            column("like_count", pa.int64(), "likes", required=True),
            column("topic", pa.string(), "as read; 'unknown' where there was none", required=True),
            column("image_count", pa.int32(), "how many pictures it lists", required=True),
        ]
    ),
)
"""At most `intake.recorded_drops` rows; the counts of its run say how many were not written."""

IMAGES = Table(
    name="images",
    grain="a readable picture of a kept note",
    key=("note_id", "position", "image_id"),
    made_by="jobs/mine_pairs.py",
    columns=pa.schema(
        [
            column("image_id", pa.string(), "names the picture", required=True),
            column("note_id", pa.string(), "the note that shows it", required=True),
            column("position", pa.int32(), "its place in the note, from 0", required=True),
            column("uri", pa.string(), "where its bytes were read"),
            column("sha256", pa.string(), "of its bytes, hex", required=True),
            column("width", pa.int32(), "pixels, after EXIF rotation", required=True),
            column("height", pa.int32(), "pixels, after EXIF rotation", required=True),
            column("phash", pa.int64(), "64-bit pHash, the bits of imagehash.phash", required=True),
            column("pdq", pa.binary(), "256-bit PDQ hash", required=True),
            column("quality", pa.int32(), "PDQ quality, 0 to 100: below 50 a hash says little", required=True),
            column("surface", pa.string(), "'photo', or 'flat': too plain for hashes to tell apart", required=True),
        ]
    ),
)

QUARANTINE = Table(
    name="quarantine",
    grain="an input row that was refused",
    key=("source", "id", "reason", "detail"),
    made_by="jobs/mine_pairs.py",
    columns=pa.schema(
        [
            column("id", pa.string(), "the row's own id, or 'row <hash>' where it has none", required=True),
            column("source", pa.string(), "notes, images or clicks", required=True),
            column("reason", pa.string(), "what is wrong, in a few words that do not change", required=True),
            column("detail", pa.string(), "what was found, and where"),
        ]
    ),
)

EVIDENCE = pa.struct(
    [
        ("hamming_distance", pa.int32()),
        ("inliers", pa.int32()),
        ("pixel_correlation", pa.float64()),
        ("mirrored", pa.bool_()),
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
"""Why a pair holds. `region`: where in the target the query lies, of a framed copy or a crop."""

_PAIR = [
    column("pair_id", pa.string(), "a hash of granularity, task and both items", required=True),
    column("granularity", pa.string(), "how the pair was found: near_duplicate_image, crop, ...", required=True),
    column("task", pa.string(), "what is asked: image_to_note, note_to_note, ...", required=True),
    column("query", ITEM, "the item that is given", required=True),
    column("target", ITEM, "the item that is right for it", required=True),
    column("score", pa.float64(), "how strongly the pair holds, 0 to 1; comparable within a granularity", required=True),
    column("evidence", EVIDENCE, "the numbers behind the score", required=True),
]

PAIRS = Table(
    name="pairs",
    grain="a pair as its step mined it, before components and splits",
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
            column("component_id", pa.string(), "the component of the query's note", required=True),
            column("split", pa.string(), "train, validation or test: that of both notes", required=True),
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
            column("component_id", pa.string(), "the smallest note_id of the notes it is tied to", required=True),
            column("size", pa.int64(), "notes in the component", required=True),
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
            column("split", pa.string(), "that of its note", required=True),
        ]
    ),
)

LINE = pa.struct([("text", pa.string()), ("confidence", pa.float64()), ("region", REGION)])
"""A line of words in a picture, and the upright box around it."""

ANNOTATIONS = Table(
    name="annotations",
    grain="a picture of a note and what one annotator said of it",
    key=("note_id", "image_id", "kind", "model"),
    made_by="jobs/annotate_images.py",
    columns=pa.schema(
        [
            column("image_id", pa.string(), "names the picture", required=True),
            column("note_id", pa.string(), "the note that shows it", required=True),
            column("sha256", pa.string(), "of its bytes, hex; with kind and model the key of the cache", required=True),
            column("kind", pa.string(), "ocr or description", required=True),
            column("model", pa.string(), "what said it: name and fingerprint, or note-title, note-body", required=True),
            column("text", pa.string(), "what it said; of OCR the lines in reading order; null where there is a reason"),
            column("confidence", pa.float64(), "0 to 1; of OCR the lines' mean by length; null where the annotator gives none"),
            column("lines", pa.list_(LINE), "of OCR: the lines that were read, in reading order; null for a description"),
            column("reason", pa.string(), "why there is no text, in a few words that do not change"),
            column("detail", pa.string(), "what was found"),
        ]
    ),
)

EMBEDDINGS = Table(
    name="embeddings",
    grain="an item, or an element of a note, and what one encoder makes of it",
    key=("model", "note_id", "item_id"),
    made_by="jobs/mine_hard_negatives.py",
    columns=pa.schema(
        [
            column(
                "item_id",
                pa.string(),
                "names what is shown, as items are named",
                required=True,
            ),
            column("note_id", pa.string(), "its note", required=True),
            column("model", pa.string(), "the encoder's fingerprint: its weights and all that changes vectors", required=True),
            column(
                "pictures",
                pa.string(),
                "a hash of its pictures' bytes; '' without any",
                required=True,
            ),
            column("vector", pa.list_(pa.float32()), "of unit length; null where there is a reason"),
            column("reason", pa.string(), "why there is no vector, in a few words that do not change"),
            column("detail", pa.string(), "what was found"),
        ]
    ),
)

HARD_NEGATIVES = Table(
    name="hard_negatives",
    grain="a negative of a query and one of its positives",
    key=("query_id", "positive_id", "rank"),
    made_by="jobs/mine_hard_negatives.py",
    columns=pa.schema(
        [
            column("query_id", pa.string(), "item_id of the query", required=True),
            column("positive_id", pa.string(), "item_id of the positive that it stands beside", required=True),
            column(
                "candidate_id", pa.string(), "item_id of the negative: of items, or of counterfactuals (rule)", required=True
            ),
            column("task", pa.string(), "that of the query and its positive", required=True),
            column("rank", pa.int32(), "from 1: the rule-made one first, then by falling similarity", required=True),
            column("similarity", pa.float64(), "to the query, by the reference encoder; MaxSim for a note; null: not encoded"),
            column("soft_label", pa.float64(), "how relevant it is: what label_from names; null: neither is known"),
            column("source", pa.string(), "band (searched), judge (searched, and judged), rule (made)", required=True),
            column("label_from", pa.string(), "similarity, or judge (calibrated, 0 to 1)"),
        ]
    ),
)

SHORTFALLS = Table(
    name="shortfalls",
    grain="a query and a positive with fewer negatives than wanted",
    key=("query_id", "positive_id"),
    made_by="jobs/mine_hard_negatives.py",
    columns=pa.schema(
        [
            column("query_id", pa.string(), "item_id of the query", required=True),
            column("positive_id", pa.string(), "item_id of the positive", required=True),
            column("task", pa.string(), "that of both", required=True),
            column("wanted", pa.int32(), "negatives asked for", required=True),
            column("written", pa.int32(), "negatives found", required=True),
            column("candidates", pa.int64(), "candidates that the search offered to the query", required=True),
            column("reason", pa.string(), "what took most of them", required=True),
            column("dropped", pa.map_(pa.string(), pa.int64()), "how many each reason took", required=True),
        ]
    ),
)

COUNTERFACTUALS = Table(
    name="counterfactuals",
    grain="a note without a part of it, as a negative of that part",
    key=("query_id", "positive_id"),
    made_by="jobs/mine_hard_negatives.py",
    columns=pa.schema(
        [
            column("query_id", pa.string(), "item_id of the part", required=True),
            column("positive_id", pa.string(), "item_id of the note with it", required=True),
            column("task", pa.string(), "image_to_note, text_to_note or ocr_to_note", required=True),
            column("item", ITEM, "the note without the part and all that repeats it", required=True),
            column("images_out", pa.list_(pa.string()), "pictures taken out: that of the part and its copies", required=True),
            column("chars_out", pa.int32(), "characters taken out of the text", required=True),
        ]
    ),
)

JUDGEMENTS = Table(
    name="judgements",
    grain="a query, a candidate and what one judge said of them",
    key=("judge", "prompt_hash", "query_id", "candidate_id"),
    made_by="jobs/judge_relevance.py",
    columns=pa.schema(
        [
            column("query_id", pa.string(), "item_id of the query", required=True),
            column("candidate_id", pa.string(), "item_id of the candidate: a positive or a negative", required=True),
            column("task", pa.string(), "what was asked: image_to_note, note_to_note, ...", required=True),
            column("judge", pa.string(), "its name and fingerprint: the weights and all that changes scores", required=True),
            column("prompt_hash", pa.string(), "of the question as it was asked, without the items", required=True),
            column("score", pa.float64(), "as the judge gave it, 0 to 1; null where there is a reason"),
            column("calibrated", pa.float64(), "probability that the candidate is relevant; null: not calibrated, or no score"),
            column("grade", pa.int32(), "0 not relevant, 1 a little, 2 for the most part, 3 the same content; null: no score"),
            column("flagged", pa.string(), "what is odd in the pair, such as a text that gives orders; null: nothing"),
            column("reason", pa.string(), "why there is no score, in a few words that do not change"),
            column("detail", pa.string(), "what was found"),
        ]
    ),
)
