"""A user's own notes and clicks as the files that jobs/mine_pairs.py reads, by a mapping of columns in TOML.

    python jobs/import_table.py --config MAPPING.toml [--out DIR]

A mapping, with all that it can say: docs/qilin.md.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from schemas.start import starting

with starting("mining"):
    from pipelines.run_job import run_job
    from pipelines.sources.importers.column_mapping import ImportTable, given, written_columns
    from pipelines.sources.importers.mapped_table import import_mapped_table

FLAGS = {"out": ("--out", "the folder to write to (imported)")}


def run(settings: ImportTable) -> None:
    """Settings in, a folder of Parquet files for each mapped table out."""
    out = Path(settings.out)
    counts = {
        name: import_mapped_table(source, name, written_columns(name, source), out / f"{name}.parquet", settings.read)
        for name, source in given(settings).items()
    }
    lines = [line for table in counts.values() for line in table.lines()]
    lines.append(f"Written to {out}: " + ", ".join(f"{table.rows:,} {name}" for name, table in counts.items()))
    flags = " ".join(f"--{name} {out}/{name}.parquet" for name in counts)
    lines.append(f"Next: ./spark-submit.sh jobs/mine_pairs.py {flags} --image-root WHERE-THE-PICTURES-ARE --workspace mined")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    run_job(ImportTable, run, __doc__ or "", FLAGS)
