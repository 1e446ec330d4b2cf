"""The command that maps a table's columns to ours, ready to be pasted."""

import shlex
from collections.abc import Mapping

import pyarrow as pa

THEIRS: Mapping[str, tuple[str, ...]] = {
    "note_id": ("note_id", "noteid", "id", "post_id", "item_id", "post", "note", "note_idx", "doc_id", "key"),
    "title": ("title", "headline", "name", "note_title"),
    "body": ("body", "desc", "content", "text", "description", "caption", "note_content", "article"),
    "topic": ("topic", "category", "cat", "taxonomy1_id", "label", "type_name"),
    "images": ("images", "image_list", "pics", "pictures", "photos", "image_urls", "image_path", "image", "cover", "url"),
    "like_count": ("like_count", "liked_count", "likes", "like_num", "num_likes", "accum_like_num", "favorites"),
    "collect_count": ("collect_count", "collected_count", "saves", "collects"),
    "comment_count": ("comment_count", "comments", "num_comments"),
    "share_count": ("share_count", "shares", "shared_count"),
    "author_id": ("author_id", "author", "creator_id"),
    "published_at": ("published_at", "time", "created_at", "create_time", "publish_time", "at", "date", "timestamp"),
    "note_type": ("note_type", "type"),
    "user_id": ("user_id", "uid", "user", "userid", "user_idx", "visitor_id"),
    "clicked_at": ("clicked_at", "ts", "timestamp", "time", "click_time", "event_time", "at", "date"),
    "image_id": ("image_id", "key", "id", "name", "file_name", "path", "image"),
    "content": ("content", "bytes", "image", "data", "jpg", "png"),
}
"""Our column -> names that others give it, in lower case, the most likely first."""
PLACEHOLDER = "YOUR_COLUMN"


def import_line(table: str, uri: str, columns: Mapping[str, str], schema: pa.Schema) -> str:
    """A command of jobs/import_table.py that maps these columns.

    Args:
        table: ours: notes, clicks or images.
        uri: of theirs.
        columns: their names and types; what none of ours resembles is left out.
        schema: our columns.

    >>> theirs = {"image": "struct<bytes: binary, path: string>"}
    >>> import_line("images", "x", theirs, pa.schema([("image_id", pa.string())]))
    'python jobs/import_table.py --set images.read=x --set images.columns.image_id=image.path'
    """
    mapped = {field.name: _theirs(field.name, columns) for field in schema}
    required = {"note_id", "like_count", "user_id", "clicked_at", "image_id", "content"}
    settings = [f"{table}.read={uri}"]
    settings += [
        f"{table}.columns.{ours}={theirs or PLACEHOLDER}" for ours, theirs in mapped.items() if theirs or ours in required
    ]
    return "python jobs/import_table.py " + " ".join(f"--set {shlex.quote(setting)}" for setting in settings)


def _theirs(ours: str, columns: Mapping[str, str]) -> str | None:
    by_lower = {name.lower().strip(): name for name in reversed(list(columns))}
    name = next((by_lower[one] for one in THEIRS.get(ours, (ours,)) if one in by_lower), None)
    if name is None:
        return None
    kind = columns[name]
    if kind.startswith("struct<bytes"):  # an image of Hugging Face's datasets
        return f"{name}.bytes" if ours == "content" else f"{name}.path"
    return name
