"""Precision of each rule of the false-negative filter on real notes: the share of the removed candidates that is relevant.

    .venv/bin/python -m benchmarks.labelled.filter_precision [--labels benchmarks/labelled/candidates.csv]

Two readers labelled candidates of 888 notes (recipes, products, captioned photos) for what a rule removed and for what would be
written ("kept"), by quarter of similarity. Right removed: relevant. `partly`: a fair person could argue either way.
"""

import argparse
from collections import Counter
from pathlib import Path

from benchmarks.labelled.agreement import HEAD, kappa, read_labels, share_line

LABELS = Path(__file__).parent / "candidates.csv"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, default=LABELS)
    labels = read_labels(parser.parse_args().labels)
    pairs = [(row["reader_a"], row["reader_b"]) for row in labels]
    relevant = [tuple("relevant" if label == "relevant" else "not" for label in pair) for pair in pairs]
    print(f"{len(labels)} candidates; kappa {kappa(pairs):.3f}, of relevant or not {kappa(relevant):.3f}")
    strata: dict[str, Counter[str]] = {}
    for row in labels:
        for name in (row["reason"], f"{row['reason']}, quarter {int(row['quarter']) + 1}"):
            hits = [row[who] == "relevant" for who in ("reader_a", "reader_b")]
            counts = strata.setdefault(name, Counter())
            partly = any(row[who] != "no" for who in ("reader_a", "reader_b"))
            counts.update({"pairs": 1, "reader_a": hits[0], "reader_b": hits[1], "both": all(hits), "partly": partly})
    print(f"{HEAD}{'':22}relevant or partly")
    for name in sorted(strata):
        print(f"{share_line(name, strata[name], strata[name]['pairs'])}{strata[name]['partly']:>10}")


if __name__ == "__main__":
    main()
