"""Mappings of data sets that many people have, recognised by their columns: nobody has to write one."""

import shlex
from collections.abc import Mapping

import pyarrow as pa

from pipelines.input_tables.import_hint import plain_name, similar_column
from pipelines.input_tables.open_table import InputTable, open_table
from pipelines.input_tables.settings import ReadOptions
from pipelines.sources.importers.class_labels import named_class_sql
from pipelines.sources.importers.column_mapping import WANTED, Expression, Source
from pipelines.sources.importers.webdataset import is_webdataset
from pipelines.workspace.duckdb import quoting
from schemas.errors import DataError

Columns = Mapping[str, pa.DataType]
Sources = dict[str, Source]
MEDIA_CRAWLER = frozenset({"note_id", "liked_count", "image_list"})
"""Columns of the notes that MediaCrawler writes of Xiaohongshu."""
IMG2DATASET = frozenset({"key", "url", "status"})
"""Columns of the table that img2dataset writes beside its folders of pictures."""
IMG2DATASET_FILE = "left(key, 5) || '/' || key || '.jpg'"
"""Where such a picture is: in the folder of its shard, whose number its key begins with."""
PICTURE_COLUMNS = (
    "jpg",
    "jpeg",
    "png",
    "webp",
    "gif",
    "image",
    "imagebytes",
    "imgbytes",
    "imagedata",
    "img",
    "picture",
    "photo",
)
"""Names of columns that hold the bytes of a picture, as `plain_name` spells them."""
IDS = ("note_id", "id", "key", "__key__", "post_id", "item_id", "image_id", "uid", "file_name", "filename")


def known_layout(read: str, columns: Columns, classes: Mapping[str, list[str]] | None = None) -> Sources:
    """The mapping of a table of notes, or of pictures with what is written of them.

    Args:
        read: where the table is.
        columns: its columns and their types.
        classes: column -> names of the classes that its numbers stand for.

    Raises:
        DataError: no column names the notes.
    """
    sources = _known_layout(read, columns)
    notes = sources["notes"].columns
    topic = notes.get("topic")
    if isinstance(topic, str) and classes and topic in classes:
        notes["topic"] = Expression(sql=named_class_sql(topic, classes[topic]))
    return sources


def _known_layout(read: str, columns: Columns) -> Sources:
    embedded = embedded_pictures(columns)
    if embedded:
        return _pictures_in_the_table(read, columns, embedded)
    if set(columns) >= MEDIA_CRAWLER:
        return {"notes": Source(read=read, columns=_by_name(columns) | {"images": Expression(sql=_local_names("image_list"))})}
    mapped = _by_name(columns)
    if set(columns) >= IMG2DATASET:
        mapped |= {"note_id": "key", "images": Expression(sql=f"if(status = 'success', [{IMG2DATASET_FILE}], [])")}
    if "note_id" not in mapped:
        raise DataError(
            f"{read}: no column names the notes; found {list(columns)}. Write a mapping: [notes] read and [notes.columns] "
            "note_id in a TOML file, --config FILE.toml"
        )
    if not {"title", "body", "images"} & set(mapped):
        raise DataError(
            f"{read}: no column is a title, a text or pictures; found {list(columns)}. Write a mapping: [notes.columns] in a "
            'TOML file, --config FILE.toml, where a dot leads into an object: body = "note.text"'
        )
    return {"notes": Source(read=read, columns=mapped)}


def import_command(uri: str, options: ReadOptions | None = None) -> str | None:
    """The line that imports a table or data set that is none of ours; None where no mapping can be made for it."""
    command = f"python jobs/import_table.py --from {shlex.quote(uri)} --out imported"
    if is_webdataset(uri):
        return command
    try:
        known_layout(uri, arrow_columns(open_table(uri, options=options)))
    except DataError:
        return None
    return command


def arrow_columns(table: InputTable) -> dict[str, pa.DataType]:
    """The columns of an open table, with the type that the first file with values has for each."""
    kinds: dict[str, pa.DataType] = {}
    for look in table.looks:
        for name, kind in look.columns.items():
            if name not in kinds or pa.types.is_null(kinds[name]):
                kinds[name] = kind
        kinds |= {name: pa.string() for name, _ in look.file.partitions if name not in kinds}
    return kinds


def embedded_pictures(columns: Columns) -> dict[str, str]:
    """Column with bytes of pictures -> SQL of the list of its bytes: structs as in Hugging Face's data sets, or plain bytes."""
    lists = {}
    for name, kind in columns.items():
        column = quoting.name(name)
        if _is_picture(kind):
            lists[name] = f"[{column}.bytes]"
        elif _is_list(kind) and _is_picture(kind.value_type):
            lists[name] = f"list_transform({column}, lambda x: x.bytes)"
        elif plain_name(name) in PICTURE_COLUMNS and (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
            lists[name] = f"[{column}]"
    return lists


def _pictures_in_the_table(read: str, columns: Columns, embedded: Mapping[str, str]) -> Sources:
    """Notes and the bytes of their pictures, which are named by their hash: paths in such tables are often all the same."""
    contents = " || ".join(f"coalesce({sql}, [])" for sql in embedded.values())
    present = f"list_filter({contents}, lambda b: b is not null)"
    references = " || ".join(f"coalesce({_references(name, columns[name])}, [])" for name in embedded)
    mapped = _by_name({name: kind for name, kind in columns.items() if name not in embedded})
    named = next((name for name in IDS if name in columns), None)
    if named is not None:
        mapped["note_id"] = named
    else:
        texts = [quoting.name(theirs) for theirs in mapped.values() if isinstance(theirs, str)]
        spelled = ", ".join([f"array_to_string(list_transform({references}, lambda r: r.image_id), ' ')", *texts])
        mapped["note_id"] = Expression(sql=f"md5(concat_ws(' ', {spelled}))")
    mapped["images"] = Expression(sql=references)
    pictures: dict[str, str | Expression] = {
        "image_id": Expression(sql=f"md5(unnest({present}))"),
        "content": Expression(sql=f"unnest({present})"),
    }
    return {"notes": Source(read=read, columns=mapped), "images": Source(read=read, columns=pictures)}


def _references(name: str, kind: pa.DataType) -> str:
    """SQL of a column's pictures as ours: by their hash, and by their path where the bytes are not in the table."""
    column = quoting.name(name)
    if not (_is_list(kind) or _is_picture(kind)):
        named = "lambda b: {'image_id': md5(b), 'uri': cast(null as varchar)}"
        return f"list_transform(list_filter([{column}], lambda b: b is not null), {named})"
    picture = kind.value_type if _is_list(kind) else kind
    path = "x.path" if picture.get_field_index("path") >= 0 else "cast(null as varchar)"
    elements = (
        f"list_filter({column if _is_list(kind) else f'[{column}]'}, lambda x: coalesce(md5(x.bytes), {path}) is not null)"
    )
    ours = f"{{'image_id': coalesce(md5(x.bytes), {path}), 'uri': case when x.bytes is null then {path} end}}"
    return f"list_transform({elements}, lambda x: {ours})"


def _local_names(column: str) -> str:
    """MediaCrawler saves the pictures of a note as NOTE_ID/0.jpg, NOTE_ID/1.jpg, ...; in the table it has their URLs."""
    count = f"if(coalesce({column}, '') = '', 0, len(string_split({column}, ',')))"
    return f"list_transform(range({count}), lambda k: note_id || '/' || k || '.jpg')"


def _by_name(columns: Columns) -> dict[str, str | Expression]:
    mapped: dict[str, str | Expression] = {}
    for field in WANTED["notes"]:
        theirs = similar_column(field.name, columns)
        if theirs is not None and theirs not in mapped.values() and _fits(columns[theirs], field.type):
            mapped[field.name] = theirs
    return mapped


def _fits(kind: pa.DataType, ours: pa.DataType) -> bool:
    nested = _is_list(kind) or pa.types.is_struct(kind) or pa.types.is_map(kind)
    return not (pa.types.is_binary(kind) or pa.types.is_struct(kind)) and (not nested or pa.types.is_list(ours))


def _is_picture(kind: pa.DataType) -> bool:
    return pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind)
