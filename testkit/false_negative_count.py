"""Counts false negatives in a workspace of jobs/mine_hard_negatives.py, by a planted truth, and rows removed by each filter.

    python -m testkit.false_negative_count --workspace W --truth BENCH/truth [--show 20] [--json FILE]

The truth is that of bench/build.py or of the sample corpus (W/sample/truth). A retrieved negative is false if its note contains
a copy, a crop or a quote of the query's or the positive's note, or is one of them; a generated one, if it still contains
the removed part.
Exits with 1 if there are any. With and without each filter: benchmarks/false_negatives.py.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.workspace.arrow_stages import ArrowStages
from pipelines.workspace.workspace import Workspace
from schemas.datasets import COUNTERFACTUALS, HARD_NEGATIVES, ITEMS
from testkit.planted_truth import PlantedTruth


def count_false_negatives(workspace: str, truth: Path) -> dict[str, Any]:
    """Count negatives, false ones (by source, and as pairs of notes), and candidates removed by each filter."""
    stages, planted = ArrowStages(Workspace(workspace)), PlantedTruth(truth)
    rows = stages.read(HARD_NEGATIVES)
    items = pa.concat_arrays([stages.read(t).column("item").combine_chunks() for t in (ITEMS, COUNTERFACTUALS)])
    item_of = {item["item_id"]: item for item in items.to_pylist()}
    note = {item_id: item["note_id"] for item_id, item in item_of.items()}
    false = planted.leaks(rows, item_of, note)
    pairs: Counter[tuple[str, str]] = Counter()
    for row in false:
        here, sides = note[row["candidate_id"]], (note[row["query_id"]], note[row["positive_id"]])
        pairs[next((side for side in sides if planted.related(side, here)), sides[0]), here] += 1
    report = stages.workspace.published(HARD_NEGATIVES.name).report
    return {
        "negatives": len(rows),
        "false": len(false),
        "false_by_source": dict(Counter(row["source"] for row in false)),
        "false_pairs": [[*both, count] for both, count in pairs.most_common()],
        "taken": report["taken"],
        "left": report["left"],
    }


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", required=True)
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--show", type=int, default=20, help="pairs of notes")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    result = count_false_negatives(arguments.workspace, arguments.truth)
    share = result["false"] / max(1, result["negatives"])
    print(f"{result['negatives']:,} negatives, {result['false']} false ({share:.5f}) {result['false_by_source']}")
    for one, other, count in result["false_pairs"][: arguments.show]:
        print(f"  {count:>4}  {one}  {other}")
    print(f"{result['left']:,} candidates passed; removed:")
    for reason, count in result["taken"].items():
        print(f"  {count:>11,}  {reason}")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1))
    sys.exit(result["false"] > 0)


if __name__ == "__main__":
    main()
