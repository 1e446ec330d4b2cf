"""Convert Qilin, a public dataset of Xiaohongshu notes and sessions, to notes and clicks for jobs/mine_pairs.py.

    python jobs/import_qilin.py --qilin DIR --out DIR [--set topic_level=2] [--set "history=oldest first"]

DIR contains Qilin's folders (notes, search_train, ...) and its folder `image` with the downloaded parts.
See docs/how-to/qilin.md.
"""

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from schemas.start import starting

with starting("mining"):
    from pipelines.run_job import run_job
    from pipelines.sources.importers.parquet_parts import write_parts, write_tables
    from pipelines.sources.importers.qilin_clicks import qilin_clicks
    from pipelines.sources.importers.qilin_notes import Pictures, qilin_notes
    from pipelines.sources.importers.settings import ImportQilin
    from schemas.inputs import CLICKS_IN, NOTES_IN

FLAGS = {"qilin": ("--qilin", "folder with the downloaded dataset"), "out": ("--out", "folder to write to")}


def run(settings: ImportQilin) -> None:
    """Run the import: two folders of Parquet files are written."""
    qilin, out = Path(settings.qilin), Path(settings.out)
    counts: Counter[str] = Counter()
    read_notes = qilin_notes(qilin, Pictures(qilin), settings.topic_level, counts)
    notes = write_parts(out / "notes.parquet", lambda folder: write_tables(read_notes, NOTES_IN, folder))
    read_clicks = qilin_clicks(qilin, settings.history, counts)
    clicks = write_parts(out / "clicks.parquet", lambda folder: write_tables(read_clicks, CLICKS_IN, folder))
    lines = [f"  {n:>12,}  {what}" for what, n in counts.items() if n]
    written = f"Written to {out}: {notes:,} notes, {clicks:,} clicks\n"
    sys.stdout.write("\n".join([*lines, written]))
    flags = f"--notes {out}/notes.parquet --clicks {out}/clicks.parquet --image-root {qilin}"
    sys.stdout.write(f"Next: ./spark-submit.sh jobs/mine_pairs.py {flags} --workspace mined\n")


if __name__ == "__main__":
    run_job(ImportQilin, run, __doc__ or "", FLAGS)
