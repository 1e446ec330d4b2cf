"""Imports a CSV of notes, and compares its CPU time and its time with those of DuckDB's own COPY of the same file.

    python -m benchmarks.import_speed [--notes 300000] [--rounds 3] [--units 0.1]

The notes have ids, titles, bodies with quotes and line breaks, lists of pictures as JSON, times, and counts of which a share
(--units) is written as platforms write large ones: "1.2万". COPY writes zstd, as the import does. Each is run in turn, --rounds
times; the least time of each counts, so other work on the machine must not run beside. A ratio above MOST is an error.
"""

import argparse
import csv
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import duckdb

from pipelines.sources.importers.column_mapping import Source, written_columns
from pipelines.sources.importers.mapped_table import import_mapped_table

MOST = 1.3
COLUMNS = {
    "note_id": "id",
    "title": "title",
    "body": "desc",
    "images": "image_list",
    "like_count": "liked_count",
    "published_at": "time",
}


class Spent(NamedTuple):
    """Time of one run, in seconds."""

    cpu: float
    wall: float


def write_notes(path: Path, notes: int, units: float) -> None:
    """Write the file: some 480 bytes a note."""
    draw = random.Random(7)
    with path.open("w", newline="", encoding="utf8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["id", "title", "desc", "image_list", "liked_count", "time"])
        for k in range(notes):
            pictures = [f"images/{k % 1000:03d}/{k:08x}_{p}.jpg" for p in range(draw.randint(1, 9))]
            count = f"{draw.randint(10, 999) / 10:.1f}万" if draw.random() < units else str(draw.randint(0, 9_999))
            body = f'第{k}篇笔记, "{draw.randint(0, 10**6)}"\n' + "今天去了一家很好吃的店 " * draw.randint(1, 6)
            writer.writerow(
                [f"{k:024x}", f"标题 {k}", body, json.dumps(pictures), count, 1_700_000_000 + draw.randint(0, 10**7)]
            )


def import_notes(path: Path, out: Path) -> None:
    """Import as jobs/import_table.py does."""
    source = Source(read=str(path), columns=dict(COLUMNS))
    import_mapped_table(source, "notes", written_columns("notes", source), out / "notes.parquet")


def copy_notes(path: Path, out: Path) -> None:
    """Copy with nothing but DuckDB."""
    with duckdb.connect() as connection:
        connection.execute(f"copy (from read_csv('{path}')) to '{out / 'copy.parquet'}' (format parquet, compression zstd)")


def spent(run: Callable[[Path, Path], None], path: Path, out: Path) -> Spent:
    """The CPU time of all threads, and the time."""
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    run(path, out)
    after = resource.getrusage(resource.RUSAGE_SELF)
    return Spent(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.perf_counter() - began)


def main() -> int:
    """Print both times of each round, and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notes", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--units", type=float, default=0.1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_notes(folder / "notes.csv", options.notes, options.units)
        print(f"{options.notes:,} notes, {(folder / 'notes.csv').stat().st_size / 1e6:.0f} MB")
        rounds = []
        for _ in range(options.rounds):
            rounds.append([spent(run, folder / "notes.csv", folder) for run in (copy_notes, import_notes)])
            copied, imported = rounds[-1]
            print(f"COPY {copied.cpu:.2f} s CPU, {copied.wall:.2f} s; import {imported.cpu:.2f} s CPU, {imported.wall:.2f} s")
    wall, cpu = (
        min(getattr(i, name) for _, i in rounds) / min(getattr(c, name) for c, _ in rounds) for name in ("wall", "cpu")
    )
    print(f"import / COPY: {wall:.2f} in time, {cpu:.2f} in CPU time")
    return int(wall > MOST)


if __name__ == "__main__":
    sys.exit(main())
