"""How long the page of a large workspace takes, and what it holds in memory: made rows, no pictures.

    python -m benchmarks.report_scaling [PAIRS ...]

Each size in a process of its own. Rows are made by DuckDB: so many pairs of two notes with 300 characters each, in five groups;
as many hard negatives and judgements, and a vector of 256 numbers for each item.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipelines.inspect.report.flow import report
from pipelines.inspect.report.settings import ReportPairs
from pipelines.workspace.arrow_io import write_parts
from pipelines.workspace.run_folder import HISTORY
from pipelines.workspace.stage_plan import counted, manifest, planned
from pipelines.workspace.workspace import Workspace
from schemas import datasets
from schemas.datasets import EVIDENCE
from schemas.table import Table

SIZES = (100_000, 1_000_000, 4_000_000)
NOTE = "'n' || lpad(cast({k} as varchar), 9, '0')"
ITEM = (
    "{{item_id: md5('i' || {k}), kind: 'note', note_id: " + NOTE + ", image_ids: ['a', 'b'], region: null, "
    "text: repeat(md5('t' || {k}), 9)}}"
)
EVIDENCES = ", ".join(f"{name}: null" for name in EVIDENCE.names)
_PAIRS = f"""
    select md5('p' || k) as pair_id, 'partial_text' as granularity, 'text_to_note' as task, {ITEM.format(k="k")} as query,
           {ITEM.format(k="k + 1")} as target, (hash(k) % 1000) / 1000 as score, {{{EVIDENCES}}} as evidence,
           {NOTE.format(k="k")} as component_id, 'train' as split
    from range($n) as rows(k) order by granularity, task, pair_id
"""
_NOTES = f"""
    select {NOTE.format(k="k")} as note_id, 'title' as title, repeat('浇水', 150) as body, 'desk' as topic, [] as images,
           200 as like_count, null as collect_count, null as comment_count, null as share_count, null as author_id,
           null as published_at, null as note_type, 0 as image_count, 'likes' as kept_because
    from range($n) as rows(k) order by note_id
"""
_COMPONENTS = (
    f"select {NOTE.format(k='k')} as note_id, note_id as component_id, 1 as size, 'train' as split from range($n) as rows(k)"
)
_ITEMS = f"select {ITEM.format(k='k')} as item, 'train' as split from range($n) as rows(k) order by md5('i' || k)"
_NEGATIVES = """
    select md5('i' || k) as query_id, md5('i' || (k + 1)) as positive_id, md5('i' || ((k + 7) % $n)) as candidate_id,
           'text_to_note' as task, 1 as rank, (hash(k) % 997) / 997 as similarity, null as soft_label, 'band' as source,
           null as label_from from range($n) as rows(k) order by query_id, positive_id, rank
"""
_JUDGEMENTS = """
    select md5('i' || k) as query_id, md5('i' || ((k + 7) % $n)) as candidate_id, 'text_to_note' as task, 'j' as judge,
           'h' as prompt_hash, (hash(k + 1) % 991) / 991 as score, score as calibrated, 1 as grade, null as flagged,
           null as reason, null as detail from range($n) as rows(k) order by judge, prompt_hash, query_id, candidate_id
"""
_EMBEDDINGS = f"""
    select md5('i' || k) as item_id, {NOTE.format(k="k")} as note_id, 'm' as model, '' as pictures,
           list_transform(range(256), lambda i: (hash(k * 256 + i) % 1000)::float / 16000) as vector,
           null as reason, null as detail
    from range($n) as rows(k) order by model, note_id, item_id
"""
MADE: dict[Table, str] = {
    datasets.POSITIVES: _PAIRS,
    datasets.NOTES: _NOTES,
    datasets.COMPONENTS: _COMPONENTS,
    datasets.ITEMS: _ITEMS,
    datasets.HARD_NEGATIVES: _NEGATIVES,
    datasets.JUDGEMENTS: _JUDGEMENTS,
    datasets.EMBEDDINGS: _EMBEDDINGS,
}


def publish(folder: Path, pairs: int) -> None:
    """The made workspace."""
    workspace = Workspace(str(folder))
    for table, query in MADE.items():
        with duckdb.connect(config={"memory_limit": "2GB", "temp_directory": f"{folder}/scratch"}) as connection:
            found = connection.sql(query, params={"n": pairs} if "$n" in query else {}).to_arrow_reader(100_000)
            plan = planned([table], {}, {}, ())
            parts = (pa.Table.from_batches([batch]).select(table.columns.names).cast(table.columns) for batch in found)
            files = write_parts(parts, table, workspace.new_run(table.name, plan.run_id))
        report_of = {"model": "m"} if table is datasets.HARD_NEGATIVES else {}
        counts = counted(table, None, pairs, {})
        workspace.publish(manifest(table, plan, files, counts, seconds=0.0, packages=(), report=report_of))
    publish_images(workspace)


def publish_images(workspace: Workspace) -> None:
    """IMAGES without a row: the cards say that a picture is not there."""
    plan = planned([datasets.IMAGES], {}, {}, ())
    files = write_parts([], datasets.IMAGES, workspace.new_run("images", plan.run_id))
    counts = counted(datasets.IMAGES, None, 0, {})
    workspace.publish(manifest(datasets.IMAGES, plan, files, counts, seconds=0.0, packages=(), report={}))


def measure(folder: str) -> None:
    """One page, in a process of its own."""
    started = time.monotonic()
    made = report(Workspace(folder), ReportPairs(), lambda _: None)
    seconds = time.monotonic() - started
    told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf8").splitlines())
    peak = int(told["VmHWM"].split()[0]) / 1000  # rusage would tell of the process that started this one
    print(f"{seconds:7.1f} s, {peak:6.0f} MB at most, {made.cards} cards, {len(made.html) / 1e6:.1f} MB")


def main() -> None:
    """Each size in turn."""
    for pairs in [int(size) for size in sys.argv[1:]] or SIZES:
        with tempfile.TemporaryDirectory() as folder:
            publish(Path(folder) / "w", pairs)
            bytes_in = sum(path.stat().st_size for path in (Path(folder) / "w" / HISTORY).rglob("*.parquet"))
            print(f"{pairs:>10,} pairs, {bytes_in / 1e6:8.0f} MB of Parquet: ", end="", flush=True)
            subprocess.run([sys.executable, "-m", "benchmarks.report_scaling", "--measure", f"{folder}/w"], check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2])
    else:
        main()
