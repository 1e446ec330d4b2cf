"""Whose column is which: what a user's TOML file says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from pipelines.input_tables.settings import ReadOptions
from schemas.errors import SettingsError
from schemas.inputs import CLICKS_IN, IMAGES_IN, NOTES_IN
from schemas.settings import Place

WANTED: dict[str, pa.Schema] = {"notes": NOTES_IN, "clicks": CLICKS_IN, "images": IMAGES_IN}
OPTIONAL = ("images", "like_count")
"""Columns of mining's input that a mapping may leave out: a note without pictures has an empty list, and without a column of
likes mining does not filter on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A column that is computed."""

    sql: str
    """DuckDB SQL over their columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A table of theirs."""

    read: Place | None = None
    """A file, a folder or a pattern: Parquet, Arrow, CSV (its columns are texts) or JSON, plain or compressed."""
    columns: dict[str, str | Expression] = field(default_factory=dict)
    """Our column -> the name of theirs (a dot leads into a struct), or { sql = "..." }."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportTable:
    """Settings of jobs/import_table.py."""

    out: Place = "imported"
    """The folder that notes.parquet, clicks.parquet and images.parquet, folders of Parquet files, are written to."""
    layout_of: Place | None = None
    """A table or a data set whose mapping is made by itself: WebDataset tars, data sets of Hugging Face and img2dataset with
    pictures in them, MediaCrawler's notes, or a table with columns of usual names. Instead of [notes], [clicks], [images]."""
    read: ReadOptions = field(default_factory=ReadOptions)
    notes: Source = field(default_factory=Source)
    clicks: Source = field(default_factory=Source)
    images: Source = field(default_factory=Source)


def mapped_sources(settings: ImportTable) -> dict[str, Source]:
    """The tables that are mapped.

    Raises:
        SettingsError: there is none, or a mapping names columns that we do not have or lacks some that we need.
    """
    sources = {name: source for name in WANTED if (source := getattr(settings, name)) != Source()}
    if not sources:
        raise SettingsError(
            "no table is mapped; expected --from TABLE, or --config FILE.toml with [notes] read and [notes.columns]"
        )
    faults = [fault for name, source in sources.items() for fault in _faults(name, source)]
    if faults:
        raise SettingsError("; ".join(faults))
    return sources


def written_columns(name: str, source: Source) -> pa.Schema:
    """The columns that are written: all of our table; likes only where they are mapped."""
    return pa.schema([f for f in WANTED[name] if f.name != "like_count" or f.name in source.columns])


def _faults(name: str, source: Source) -> list[str]:
    schema = WANTED[name]
    required = [f.name for f in schema if not f.nullable and f.name not in OPTIONAL]
    unknown = sorted(set(source.columns) - set(schema.names))
    missing = [column for column in required if column not in source.columns]
    faults = [] if source.read else [f"[{name}] read is missing: expected the file, folder or pattern of their table"]
    faults += [f"[{name}.columns]: unknown {unknown}; known are {schema.names}"] if unknown else []
    return faults + ([f"[{name}.columns]: nothing for {missing}, which every row needs"] if missing else [])


def as_toml(sources: Mapping[str, Source]) -> str:
    """A mapping as it is written in a file.

    >>> print(as_toml({"notes": Source(read="a.csv", columns={"note_id": "id", "like_count": Expression(sql="n + 1")})}))
    [notes]
    read = "a.csv"
    [notes.columns]
    note_id = "id"
    like_count = { sql = "n + 1" }
    <BLANKLINE>
    """
    lines = []
    for name, source in sources.items():
        lines += [f"[{name}]", f"read = {json.dumps(source.read, ensure_ascii=False)}", f"[{name}.columns]"]
        for ours, theirs in source.columns.items():
            text = json.dumps(theirs.sql if isinstance(theirs, Expression) else theirs, ensure_ascii=False)
            lines.append(f"{ours} = {{ sql = {text} }}" if isinstance(theirs, Expression) else f"{ours} = {text}")
        lines.append("")
    return "\n".join(lines)
