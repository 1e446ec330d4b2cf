"""Recall and precision of partial text on real posts with boilerplate, quotes, near copies and contained texts.

    python -m benchmarks.real_texts --data ../shared/data

Posts (weibo), recipes (howtocook) and captions (tinycoco) of --data; what is added to them is in corpus.py. Prints by kind:
wanted ties and how many were found as pairs and as components; pairs that were not wanted; and on the weibo posts as they
are the pairs that share 60 letters or more by an independent count and are in two components, or two splits.
"""

import argparse
import hashlib
import itertools
from pathlib import Path

import networkx
import pyarrow as pa
from pyspark.sql import SparkSession

from benchmarks.real_texts.corpus import Corpus, build
from benchmarks.real_texts.shared_letters import sharing
from benchmarks.text_scaling import session
from pipelines.mining.text.settings import PartialText
from pipelines.mining.text.shared_passages_step import shared_passages


def mined(
    spark: SparkSession, notes: dict[str, str], titles: dict[str, str | None]
) -> tuple[set[tuple[str, str]], dict[str, str]]:
    """The pairs of the step, and the component of each note by pairs and ties."""
    table = pa.table(
        {"note_id": list(notes), "title": pa.array([titles.get(n) for n in notes], pa.string()), "body": list(notes.values())}
    )
    pairs, ties = shared_passages(spark.createDataFrame(table).repartition(4), PartialText())
    found = {tuple(row) for row in pairs.rows.select("query.note_id", "target.note_id").collect()}
    graph = networkx.Graph(found)
    graph.add_edges_from((row.note_id_l, row.note_id_r) for row in ties.rows.collect())
    spark.catalog.clearCache()
    component = {note: note for note in notes}
    for members in networkx.connected_components(graph):
        component |= dict.fromkeys(members, min(members))
    return found, component


def split(component: str, seed: int = 0) -> str:
    """As `pipelines.mining.components.split_hash`, by its docstring."""
    x = int(hashlib.sha256(f"{seed} {component}".encode()).hexdigest()[:13], 16) / 2**52
    return "train" if x < 0.9 else "validation" if x < 0.95 else "test"


def report(corpus: Corpus, found: set[tuple[str, str]], component: dict[str, str]) -> None:
    """Print a line for each kind."""
    for kind, groups in corpus.wanted.items():
        pairs = [pair for group in groups for pair in itertools.combinations(sorted(group), 2)]
        tied = sum(component[a] == component[b] for a, b in pairs)
        as_pairs = sum(p in found for p in pairs)
        print(f"  wanted  {kind:24} {len(pairs):6,}   pairs {as_pairs:5,}   one component {tied / len(pairs):.3f}")
    for kind, groups in corpus.unlike.items():
        pairs = [pair for group in groups for pair in itertools.combinations(sorted(group), 2)]
        wrong = sum(p in found for p in pairs)
        tied = sum(component[a] == component[b] for a, b in pairs)
        print(f"  unlike  {kind:24} {len(pairs):6,}   pairs {wrong:5,}   in one component {tied:,}")
    of = {
        note: k for k, group in enumerate(itertools.chain(*corpus.wanted.values(), *corpus.unlike.values())) for note in group
    }
    across = sum(of[a] != of[b] for a, b in found)
    right = sum(of[a] == of[b] for a, b in found) - sum(
        pair in found
        for groups in corpus.unlike.values()
        for group in groups
        for pair in itertools.combinations(sorted(group), 2)
    )
    print(f"  precision of all {len(found):,} pairs {right / max(1, len(found)):.4f}; between unrelated groups {across}")


def main() -> None:
    """Build, mine, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[3] / "shared/data")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    corpus, weibo = build(args.data, args.seed)
    spark = session()
    print(f"{len(corpus.bodies):,} notes made of real posts, seed {args.seed}")
    report(corpus, *mined(spark, corpus.bodies, corpus.titles))
    found, component = mined(spark, weibo, {})
    print(f"{len(weibo):,} weibo posts as they are: {len(found):,} pairs")
    for run in (60, 40):
        pairs = sharing(weibo, run)
        apart = [p for p in pairs if component[p[0]] != component[p[1]]]
        in_two = [p for p in apart if split(component[p[0]]) != split(component[p[1]])]
        print(
            f"  {len(pairs):,} pairs share {run} letters: {len(apart)} in two components, {len(in_two)} in two splits (seed 0)"
        )
    spark.stop()


if __name__ == "__main__":
    main()
