"""Components: the stars of the job against networkx, scipy and Spark's own GraphX, on random graphs and on one giant chain.

    .venv-bench/bin/python -m benchmarks.peers.components [--size 50000]

All read one Parquet file of edges between string ids and name each component by its smallest note. GraphFrames cannot
be had here (its jar is on no registry that is reached); GraphX is what it hands the work to with algorithm="graphx".
"""

import argparse
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.peers.measure import CORES, Contender, Row, rows_of
from benchmarks.peers.our_pictures import submit_arguments
from benchmarks.peers.show import table
from benchmarks.watch import Watch

TITLE = "Components"
COLUMNS = ("graph", "notes", "components", "in_another_than_ours")
SIZE = 50_000


def random_graph(size: int) -> tuple[np.ndarray, np.ndarray]:
    """`size` notes and as many edges: one giant component, and many small ones."""
    rng = np.random.default_rng(0)
    left, right = rng.integers(0, size, (2, size))
    return left, right


def sparse_graph(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Three edges for ten notes, as mining gives: small components only."""
    rng = np.random.default_rng(1)
    left, right = rng.integers(0, size, (2, size * 3 // 10))
    return left, right


def chain(size: int) -> tuple[np.ndarray, np.ndarray]:
    """One chain through all notes, in an order that their names do not tell."""
    order = np.random.default_rng(2).permutation(size)
    return order[:-1], order[1:]


GRAPHS: dict[str, Callable[[int], tuple[np.ndarray, np.ndarray]]] = {
    "mined-like": sparse_graph,
    "random": random_graph,
    "chain": chain,
}


def written(graph: str, size: int, folder: Path) -> Path:
    """The edges as a file."""
    ends = [pa.array([f"note_{n:09}" for n in end]) for end in GRAPHS[graph](size)]
    path = folder / f"{graph}.parquet"
    pq.write_table(pa.table(ends, names=["l", "r"]), path)
    return path


def ours(edges: Path, taken: Watch) -> pa.Table:
    """Large-star and small-star, in Spark."""
    from pipelines.engines.spark_session import spark_session
    from pipelines.mining.components.connected_components import connected_components

    submit_arguments("6g")
    spark = spark_session("peers")
    spark.range(10).groupBy("id").count().collect()
    with taken:
        found = connected_components(spark.read.parquet(str(edges))).toArrow()
    spark.stop()
    return found


def in_networkx(edges: Path, taken: Watch) -> pa.Table:
    """connected_components of a Graph."""
    import networkx as nx

    with taken:
        read = pq.read_table(edges)
        graph = nx.Graph(zip(read["l"].to_pylist(), read["r"].to_pylist(), strict=True))
        found = [(note, least) for part in nx.connected_components(graph) for least in [min(part)] for note in part]
    return pa.table(list(zip(*found, strict=True)), names=["note_id", "component_id"])


def in_scipy(edges: Path, taken: Watch) -> pa.Table:
    """csgraph.connected_components over numbered notes."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    with taken:
        read = pq.read_table(edges)
        count = len(read)
        coded = pa.concat_arrays([read[c].combine_chunks() for c in ("l", "r")]).dictionary_encode()
        at, names = coded.indices.to_numpy(), np.asarray(coded.dictionary)
        names, rank = np.unique(names, return_inverse=True)
        at = rank[at]
        graph = coo_array((np.ones(count, np.int8), (at[:count], at[count:])), shape=(len(names), len(names)))
        _, label = connected_components(graph, directed=False)
        _, first = np.unique(label, return_index=True)  # names are sorted: the first of a label is its smallest
        return pa.table([pa.array(names), pa.array(names[first[label]])], names=["note_id", "component_id"])


def in_graphx(edges: Path, taken: Watch) -> pa.Table:
    """GraphX' ConnectedComponents, over numbers in a text file: it reads no strings. Numbering is left out of its time."""
    from pipelines.engines.spark_session import spark_session

    submit_arguments("6g")
    spark, scratch = spark_session("peers"), Path(tempfile.mkdtemp(prefix="peers-graphx-"))
    read = pq.read_table(edges)
    numbers = (read[c].to_numpy().astype(str) for c in ("l", "r"))
    lines = "\n".join(f"{int(a[5:])} {int(b[5:])}" for a, b in zip(*numbers, strict=True))
    (scratch / "edges.txt").write_text(lines)
    jvm, context = spark._jvm, spark.sparkContext._jsc.sc()
    level = jvm.org.apache.spark.storage.StorageLevel.MEMORY_AND_DISK()
    tag = jvm.scala.reflect.ClassTag.apply(jvm.java.lang.Class.forName("java.lang.Integer"))
    with taken:
        graph = jvm.org.apache.spark.graphx.GraphLoader.edgeListFile(
            context, str(scratch / "edges.txt"), False, 8, level, level
        )
        jvm.org.apache.spark.graphx.lib.ConnectedComponents.run(graph, tag, tag).vertices().saveAsTextFile(str(scratch / "out"))
        rows_out = [line[1:-1].split(",") for file in (scratch / "out").glob("part-*") for line in file.read_text().split()]
    spark.stop()
    shutil.rmtree(scratch)
    ids = [[f"note_{int(row[side]):09}" for row in rows_out] for side in range(2)]
    return pa.table(ids, names=["note_id", "component_id"])


def compared(found: pa.Table, graph: str, reference: list[dict[str, str]]) -> dict[str, Any]:
    """Against the first contender's answer, which is ours and is kept in `reference`."""
    of = dict(zip(found["note_id"].to_pylist(), found["component_id"].to_pylist(), strict=True))
    if not reference:
        reference.append(of)
    differ = sum(of.get(note) != component for note, component in reference[0].items()) + len(of.keys() - reference[0].keys())
    return {"graph": graph, "notes": len(of), "components": len(set(of.values())), "in_another_than_ours": differ}


def run(size: int = SIZE) -> list[Row]:
    """Every contender's row on every graph."""
    rows: list[Row] = []
    contenders: list[Contender] = [
        ("ours", "large-star, small-star in Spark", ours, ()),
        ("networkx", "connected_components", in_networkx, ()),
        ("scipy", "csgraph.connected_components", in_scipy, ()),
        ("Spark GraphX", "ConnectedComponents", in_graphx, ()),
    ]
    with tempfile.TemporaryDirectory(prefix="peers-graphs-") as scratch_folder:
        for graph in GRAPHS:
            edges = written(graph, size, Path(scratch_folder))
            numbers = partial(compared, graph=graph, reference=[])
            rows += [row | {"graph": graph} for row in rows_of(contenders, edges, numbers=numbers, limit_s=120)]
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=SIZE)
    print(f"{TITLE} on {CORES} cores\n\n{table(run(parser.parse_args().size), COLUMNS)}")
