"""The benchmark shared by picture and text contenders, and the command line of a single step."""

import argparse
import hashlib
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.image_edits import tool
from benchmarks.peers.measure import Row
from benchmarks.peers.show import table

TOOLS = Path("../shared/bench")
SETS = tuple(f"../shared/data/{name}" for name in ("howtocook", "ikea", "tinycoco"))


def built(existing: Path | None, seed: int = 7) -> Path:
    """Return an existing benchmark, or build one with ../shared/bench/build.py."""
    if existing is not None:
        return existing.absolute()
    folder = Path(tempfile.mkdtemp(prefix="peers-bench-"))
    tool(TOOLS, "build").main(["--sets", *SETS, "--out", str(folder), "--seed", str(seed)])
    return folder


def picture_files(bench: Path) -> list[str]:
    """List the files of the notes, in order, without missing ones."""
    listed = pq.read_table(bench / "notes.parquet", columns=["images"]).column("images").to_pylist()
    files = [bench / image["uri"] for images in listed for image in images or ()]
    return [str(file) for file in files if file.exists()]


def distinct_files(files: list[str]) -> dict[str, list[str]]:
    """Map the first file of each content to the image ids (stems) of all files with it."""
    by_content: dict[bytes, list[str]] = defaultdict(list)
    for file in files:
        by_content[hashlib.sha256(Path(file).read_bytes()).digest()].append(file)
    return {same[0]: [Path(file).stem for file in same] for same in by_content.values()}


def main_of(doc: str | None, title: str, columns: Sequence[str], run: Callable[[Path], list[Row]]) -> None:
    """Run a step that needs the benchmark, and print its table."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, help="made by ../shared/bench/build.py; default: made now, seed 7")
    print(f"{title}\n\n{table(run(built(parser.parse_args().bench)), columns)}")
