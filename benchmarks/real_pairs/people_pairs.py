"""Pairs that people made: pictures recoloured, cropped or letterboxed, one logo on other grounds, and look-alikes."""

import csv
from collections.abc import Iterator
from pathlib import Path

from benchmarks.real_pairs.template_pairs import LabelledPair


def recoloured_pairs(folder: Path) -> Iterator[LabelledPair]:
    """The pairs of `pairs.csv` (a, b, label: same, logo or different), of pictures below `images`."""
    with (folder / "pairs.csv").open(encoding="utf8", newline="") as stream:
        for row in csv.DictReader(stream):
            files = [(folder / "images" / row[side]).read_bytes() for side in "ab"]
            truth = "same" if row["label"] == "same" else "other"
            yield LabelledPair(f"{row['a']} {row['b']}", "recoloured", row["label"], truth, *files)
