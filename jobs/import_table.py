"""Convert your own tables of notes and clicks to the files that jobs/mine_pairs.py reads, by a column mapping in TOML.

    python jobs/import_table.py --config MAPPING.toml [--out DIR]

The mapping's format: docs/how-to/own-data.md.
"""

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from schemas.start import starting

with starting("mining"):
    from pipelines.run_job import run_job
    from pipelines.sources.importers.column_mapping import WANTED, ImportTable, given
    from pipelines.sources.importers.mapped_table import mapped
    from pipelines.sources.importers.parquet_stream import write_stream

FLAGS = {"out": ("--out", "folder to write to (default: imported)")}


def run(settings: ImportTable) -> None:
    """Run the import: one file is written per mapped table."""
    out, counts, written = Path(settings.out), Counter[str](), {}
    for name, source in given(settings).items():
        written[name] = write_stream(mapped(source, name, WANTED[name], counts), WANTED[name], out / f"{name}.parquet")
    lines = [f"  {n:>12,}  {what}" for what, n in counts.items() if n]
    sys.stdout.write("\n".join([*lines, f"Written to {out}: " + ", ".join(f"{n:,} {name}" for name, n in written.items())]))
    flags = " ".join(f"--{name} {out}/{name}.parquet" for name in written)
    sys.stdout.write(f"\nNext: ./spark-submit.sh jobs/mine_pairs.py {flags} --image-root PICTURE-FOLDER --workspace mined\n")


if __name__ == "__main__":
    run_job(ImportTable, run, __doc__ or "", FLAGS)
