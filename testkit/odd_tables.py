"""Writes odd tables of notes: each from a number, with the rows that it means. Checked by testkit/odd_table_check.py."""

import bz2
import csv
import gzip
import io
import json
import lzma
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

NULLS = {"", "NULL", "null", r"\N", "NaN", "nan", "None", "N/A", "<NA>", "undefined"}
WORDS = (
    "plain",
    "笔记标题",
    "a, b",
    'say ""yes""'.replace('""', '"'),
    "line\nbreak",
    "tab\there",
    "café",
    "'single'",
    "x;y|z",
    "None",
    "007",
    "20-11-2025",
    "true",
    " blanks ",
    "😀",
)
LIKES = {
    "int64": lambda n: n,
    "int32": lambda n: n,
    "uint64": lambda n: n,
    "double": lambda n: float(n),
    "decimal": lambda n: Decimal(n),
    "string": lambda n: f"{n:,}" if n % 3 == 0 else f"{n / 10000:g}万" if n % 1000 == 0 else f"{n}.0" if n % 3 == 1 else str(n),
}
LIKE_TYPES = {
    "int64": pa.int64(),
    "int32": pa.int32(),
    "uint64": pa.uint64(),
    "double": pa.float64(),
    "decimal": pa.decimal128(20, 0),
    "string": pa.string(),
}
TIMES = ("iso", "zoned", "seconds", "milliseconds", "date", "compact", "slashes", "chinese")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "gb18030")
PACKERS = {"": lambda raw: raw, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@dataclass
class OddTable:
    """A folder of files, with the rows that a reader must get from it."""

    folder: Path
    kind: str
    rows: list[dict] = field(default_factory=list)
    """The expected rows of all files, in the order of the files."""
    broken: int = 0
    """Number of lines that are no rows."""
    fatal: bool = False
    """Whether it must be refused as a whole, with a DataError."""
    dialects: dict[str, dict] = field(default_factory=dict)
    """File -> pandas' arguments to read it."""


def odd_table(folder: Path, number: int) -> OddTable:
    """Write the table of this number into the folder."""
    chance = random.Random(number)
    table = OddTable(folder, chance.choice(("parquet", "csv", "jsonl", "array")))
    partition = chance.random() < 0.25
    folder.mkdir(parents=True)
    for part in range(chance.randint(1, 4)):
        rows = [_row(chance, part * 100 + k) for k in range(chance.choice((0, 1, 3, 8, 20)) if part else chance.randint(1, 12))]
        topic = chance.choice(("food", "美食", "007", "a/b", "50%", None)) if partition else None
        place = (
            folder / f"topic={'__HIVE_DEFAULT_PARTITION__' if topic is None else quote(topic, safe='')}"
            if partition
            else folder
        )
        if chance.random() < 0.2:
            place = place / "deep" / "er"
        place.mkdir(parents=True, exist_ok=True)
        if partition:
            rows = [row | {"topic": topic} for row in rows]
        WRITERS[table.kind](table, chance, place, part, rows, partition)
    for name in ("README.md", "_SUCCESS", ".hidden.csv", "cover.jpg"):
        if chance.random() < 0.2:
            (folder / name).write_text("not a table")
    return table


def _row(chance: random.Random, number: int) -> dict:
    likes = chance.choice((None, chance.randint(0, 500), chance.randint(0, 90) * 1000))
    return {
        "note_id": f"n{number}" if chance.random() < 0.95 else chance.choice((None, f"id {number}", f"ID-{number}")),
        "title": chance.choice((None, *WORDS)),
        "topic": chance.choice((None, "food", "travel")),
        "like_count": likes,
        "published_at": None if chance.random() < 0.2 else NOON + timedelta(days=chance.randint(0, 900)),
        "images": [{"image_id": f"p{number}", "uri": f"p{number}.jpg"}] * chance.randint(0, 1),
    }


def _columns(chance: random.Random, partition: bool) -> list[str]:
    """In any order, some left out, some that nobody asked for."""
    names = ["note_id", "title", "like_count", "published_at", "images"] + ([] if partition else ["topic"])
    names = [name for name in names if name in ("note_id", "images", "like_count") or chance.random() < 0.85]
    if chance.random() < 0.02:
        names.remove("note_id")
    names += [name for name in ("extra", "Title", "user") if chance.random() < 0.2]
    chance.shuffle(names)
    return names


def _time(chance_form: str, time: datetime | None) -> object:
    if time is None:
        return None
    forms = {
        "iso": lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "zoned": lambda: (time + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S+0800"),
        "seconds": lambda: int(time.timestamp()),
        "milliseconds": lambda: int(time.timestamp() * 1000),
        "date": lambda: time.strftime("%Y-%m-%d"),
        "compact": lambda: int(time.strftime("%Y%m%d")),
        "slashes": lambda: time.strftime("%Y/%m/%d %H:%M"),
        "chinese": lambda: time.strftime("%Y年%m月%d日 %H:%M"),
    }
    return forms[chance_form]()


def _expected_rows(rows: list[dict], names: list[str], form: str, partition: bool) -> list[dict]:
    """What a file with these columns says of the rows."""
    whole_day = form in ("date", "compact")
    expected_rows = []
    for row in rows:
        one = {name: row[name] if name in names or (name == "topic" and partition) else None for name in row}
        if whole_day and one["published_at"] is not None:
            one["published_at"] = one["published_at"].replace(hour=0)
        expected_rows.append(one)
    return expected_rows


def _parquet(table: OddTable, chance: random.Random, place: Path, part: int, rows: list[dict], partition: bool) -> None:
    names, kind, form = _columns(chance, partition), chance.choice(list(LIKES)), chance.choice(TIMES)
    if form == "chinese":
        form = "iso"
    arrays = {}
    for name in names:
        if name == "like_count":
            values = [None if row[name] is None else LIKES[kind](row[name]) for row in rows]
            wrong = chance.random() < 0.03
            arrays[name] = pa.array([[1]] * len(rows), pa.list_(pa.int64())) if wrong else pa.array(values, LIKE_TYPES[kind])
            table.fatal |= wrong and bool(rows)
        elif name == "published_at":
            if chance.random() < 0.5:
                unit = chance.choice(("s", "ms", "us", "ns"))
                arrays[name] = pa.array(
                    [row[name] for row in rows], pa.timestamp(unit, chance.choice((None, "UTC", "Asia/Shanghai")))
                )
                form = "iso"
            else:
                arrays[name] = pa.array([_time(form, row[name]) for row in rows])
        elif name == "images":
            arrays[name] = pa.array(
                [row[name] for row in rows],
                pa.list_(pa.struct([("uri", pa.string()), ("image_id", pa.string()), ("w", pa.int8())])),
            )
        elif name in ("extra", "Title", "user"):
            arrays[name] = chance.choice(
                (
                    pa.nulls(len(rows)),
                    pa.array([0.5] * len(rows), pa.float16()),
                    pa.array([timedelta(1)] * len(rows), pa.duration("us")),
                )
            )
        else:
            values = pa.array([row[name] for row in rows], pa.string())
            plain = chance.random()
            arrays[name] = (
                values
                if plain < 0.4
                else values.cast(pa.large_string())
                if plain < 0.6
                else values.cast(pa.string_view())
                if plain < 0.8
                else values.dictionary_encode()
            )
    table.fatal |= "note_id" not in names and bool(rows)
    suffix = chance.choice((".parquet", ".parquet", "", ".snappy.parquet"))
    pq.write_table(
        pa.table(arrays),
        place / f"part-{part}{suffix}",
        row_group_size=chance.choice((2, 1000)),
        compression=chance.choice(("snappy", "zstd", "none")),
    )
    table.rows += _expected_rows(rows, names, form if "published_at" in names else "iso", partition)


def _csv(table: OddTable, chance: random.Random, place: Path, part: int, rows: list[dict], partition: bool) -> None:
    names, kind, form = _columns(chance, partition), chance.choice(("int64", "string")), chance.choice(TIMES)
    delimiter = chance.choice((",", ",", ";", "\t"))
    out = io.StringIO()
    writer = csv.writer(
        out,
        delimiter=delimiter,
        lineterminator=chance.choice(("\n", "\r\n")),
        quoting=chance.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
    )
    writer.writerow(names)
    for row in rows:
        cells = {
            "like_count": None if row["like_count"] is None else LIKES[kind](row["like_count"]),
            "published_at": _time(form, row["published_at"]),
            "images": json.dumps(row["images"]),
        }
        writer.writerow(["" if (value := cells.get(name, row.get(name))) is None else value for name in names])
    text = out.getvalue()
    expected_rows = _expected_rows(rows, names, form, partition)
    for row in expected_rows:  # a CSV cannot tell blanks from nothing
        row["title"] = None if row["title"] is None or not row["title"].strip() else row["title"]
    if chance.random() < 0.15 and rows:
        text += f'"never closed{delimiter}x\n' + delimiter.join("n999" if name == "note_id" else "" for name in names) + "\n"
        table.broken += 1
        expected_rows.append(
            {name: None for name in rows[0]}
            | {"note_id": "n999" if "note_id" in names else None}
            | ({"topic": rows[0]["topic"]} if partition else {})
        )
        expected_rows[-1]["images"] = []
    encoding = chance.choice(ENCODINGS)
    if encoding == "gb18030" and not any("笔" in str(row) or "年" in text for row in rows):
        encoding = "utf-8"
    suffix = chance.choice(list(PACKERS))
    path = place / f"part-{part}.csv{suffix}"
    path.write_bytes(PACKERS[suffix](text.encode(encoding, "replace")))
    table.fatal |= "note_id" not in names
    table.rows += expected_rows
    table.dialects[str(path)] = {"sep": delimiter, "encoding": encoding}


def _json_rows(chance: random.Random, rows: list[dict], names: list[str], kind: str, form: str) -> list[dict]:
    made = []
    for row in rows:
        values = row | {
            "like_count": None if row["like_count"] is None else LIKES[kind](row["like_count"]),
            "published_at": _time(form, row["published_at"]),
        }
        values |= {"extra": {"a": [1, None]}, "Title": 1, "user": [1]}
        made.append({name: values[name] for name in names if values[name] is not None or chance.random() < 0.5})
    return made


def _jsonl(table: OddTable, chance: random.Random, place: Path, part: int, rows: list[dict], partition: bool) -> None:
    names, kind, form = _columns(chance, partition), chance.choice(("int64", "double", "string")), chance.choice(TIMES)
    if "note_id" not in names:  # a key of JSON may come later: its absence is no fault of a file
        names.append("note_id")
    made = _json_rows(chance, rows, names, kind, form)
    lines = [json.dumps(row, ensure_ascii=chance.random() < 0.5) for row in made]
    if table.kind == "array":
        text = json.dumps(made, indent=chance.choice((None, 1)), ensure_ascii=False)
    else:
        broken = [
            line for line in ("not json", '{"note_id": "cut', '{"a": 1}{"b": 2}', "[1]") if chance.random() < 0.1 and lines
        ]
        lines += broken
        table.broken += len(broken)
        text = "\n".join(lines) + chance.choice(("", "\n", "\n\n"))
    encoding = chance.choice(ENCODINGS)
    if encoding == "gb18030" and not any("\u4e00" <= c <= "\u9fff" for c in text):
        encoding = "utf-8"
    suffix = chance.choice(list(PACKERS))
    path = place / f"part-{part}.{'json' if table.kind == 'array' else 'jsonl'}{suffix}"
    path.write_bytes(PACKERS[suffix](text.encode(encoding)))
    expected_rows = _expected_rows(rows, names, form, partition)
    table.rows += expected_rows
    table.dialects[str(path)] = {"encoding": encoding}


WRITERS = {"parquet": _parquet, "csv": _csv, "jsonl": _jsonl, "array": _jsonl}
