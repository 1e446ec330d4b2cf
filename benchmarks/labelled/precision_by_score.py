"""Precision by tenth of score, on labelled real pairs.

    .venv/bin/python -m benchmarks.labelled.precision_by_score --workspace W [--labels benchmarks/labelled/picture_pairs.csv]

Right: a reader calls the pair a copy or a crop. The pairs are of Debian's packages gimp-help-*, gnome-backgrounds,
plasma-workspace-wallpapers and tuxpaint-stamps-default, and of open collections of recipes, products and photos.
"""

import argparse
from collections import Counter
from pathlib import Path

import duckdb

from benchmarks.labelled.agreement import HEAD, kappa, read_labels, share_line, wilson
from benchmarks.labelled.draw_pairs import LISTED

LABELS = Path(__file__).parent / "picture_pairs.csv"
RIGHT = ("copy", "crop")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--labels", type=Path, default=LABELS)
    given = parser.parse_args()
    labels = read_labels(given.labels)
    found = {(l, r): (relation, score) for l, r, relation, score in duckdb.sql(LISTED.format(w=given.workspace)).fetchall()}  # noqa: E741
    print(f"{len(labels)} pairs; the readers agree with kappa {kappa([(x['reader_a'], x['reader_b']) for x in labels]):.3f}")
    strata: dict[str, Counter[str]] = {}
    for row in labels:
        relation, score = found.get((row["sha256_l"], row["sha256_r"]), ("nothing", 0.0))
        tenth = min(9, int(score * 10))
        is_positive = relation not in ("nothing", "variant")
        counts = strata.setdefault(f"score {tenth / 10:.1f} to {(tenth + 1) / 10:.1f}" if is_positive else relation, Counter())
        right = [row[who] in RIGHT for who in ("reader_a", "reader_b")]
        counts.update({"pairs": 1, "reader_a": right[0], "reader_b": right[1], "both": all(right)})
    print(HEAD)
    for name in sorted(strata):
        print(share_line(name, strata[name], strata[name]["pairs"]))
    print(falls(strata))


def falls(strata: dict[str, Counter[str]]) -> str:
    """Whether precision falls with a rising score, beyond the intervals."""
    tenths = [strata[name] for name in sorted(strata) if name.startswith("score")]
    limits = [wilson(counts["both"], counts["pairs"]) for counts in tenths]
    beyond = [k for k in range(1, len(limits)) if any(limits[k][1] < low for low, _ in limits[:k])]
    return f"falls beyond the intervals: {len(beyond)} times"


if __name__ == "__main__":
    main()
