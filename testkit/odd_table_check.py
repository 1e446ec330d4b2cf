"""Compares the reader with the expected rows of odd tables (testkit/odd_tables.py) and with pandas.

python -m testkit.odd_table_check [COUNT] [FIRST]     reads COUNT tables and prints how many disagree
"""

import bz2
import gzip
import io
import json
import lzma
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from pipelines.input_tables.raw_rows import BROKEN
from schemas.errors import DataError
from testkit.input_reading import Reading
from testkit.odd_tables import OddTable, odd_table


def count_by_pandas(table: OddTable) -> int:
    """Count the rows by pandas; in texts, broken lines are counted too."""
    return sum(_count(table, path) for path in sorted(table.folder.rglob("part-*")) if path.is_file())


def _count(table: OddTable, path: Path) -> int:
    if table.kind == "parquet":
        return len(pd.read_parquet(path))
    raw = path.read_bytes()
    unpack = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}.get(path.suffix, lambda raw: raw)
    text = unpack(raw).decode(table.dialects[str(path)]["encoding"])
    if table.kind == "array":
        return len(json.loads(text))
    if table.kind == "jsonl":
        return sum(bool(line.strip()) for line in text.split("\n"))
    body, _, rest = text.partition('"never closed')
    frame = pd.read_csv(
        io.StringIO(body), sep=table.dialects[str(path)]["sep"], dtype=str, keep_default_na=False, skip_blank_lines=True
    )
    return len(frame) + 2 * bool(rest)


def disagreements(table: OddTable) -> list[str]:
    """List the differences between the reader, the expected rows and pandas; empty if all agree."""
    try:
        found = Reading(table.folder)
    except DataError as error:
        return [] if table.fatal else [f"refused: {error}"]
    if table.fatal:
        return ["a fault of the whole table was not reported"]
    rows = [row for row in found.rows.to_pylist() if row[BROKEN] is None]
    faults = []
    if len(rows) + len(found.broken) != count_by_pandas(table):
        faults.append(f"{len(rows)} rows and {len(found.broken)} broken lines, pandas has {count_by_pandas(table)}")
    if len(found.broken) != table.broken:
        faults.append(f"{len(found.broken)} broken lines, expected {table.broken}: {found.broken[:3]}")

    def key(row: dict) -> tuple[str, ...]:
        values = (row[name] for name in ("note_id", "title", "topic", "like_count", "published_at"))
        return (
            *map(repr, (v.astimezone(UTC).replace(tzinfo=None) if isinstance(v, datetime) else v for v in values)),
            repr([p["image_id"] for p in row["images"] or []]),
        )

    ours, theirs = sorted(map(key, rows)), sorted(map(key, table.rows))
    faults += [f"{mine} instead of {his}" for mine, his in zip(ours, theirs, strict=False) if mine != his][:3]
    return faults


def main(count: int, first: int) -> int:
    """Read the tables and print those that disagree."""
    wrong = fatal = rows = 0
    for number in range(first, first + count):
        with tempfile.TemporaryDirectory() as folder:
            table = odd_table(Path(folder) / "notes", number)
            found = disagreements(table)
            fatal, rows = fatal + table.fatal, rows + len(table.rows)
        if found:
            wrong += 1
            sys.stdout.write(f"{number} ({table.kind}): {'; '.join(found)[:600]}\n")
    sys.stdout.write(f"{count} tables, {rows:,} rows, {fatal} to be refused: {wrong} disagree\n")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000, int(sys.argv[2]) if len(sys.argv) > 2 else 0))
