"""Convert your own tables of notes and clicks to the files that jobs/mine_pairs.py reads, by a column mapping in TOML.

    python jobs/import_table.py --config MAPPING.toml [--out DIR]
    python jobs/import_table.py --from TABLE [--out DIR]

The mapping's format: docs/how-to/own-data.md. --from generates and prints it: for WebDataset tars, Hugging Face and
img2dataset data sets with pictures, MediaCrawler's notes, and tables with columns of usual names.
"""

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from schemas.start import starting

with starting("mining"):
    from pipelines.input_tables.files.input_folder import folder_of
    from pipelines.input_tables.open_table import open_table
    from pipelines.run_job import run_job
    from pipelines.sources.importers.class_labels import class_names
    from pipelines.sources.importers.column_mapping import ImportTable, Source, as_toml, mapped_sources, written_columns
    from pipelines.sources.importers.known_layouts import arrow_columns, known_layout
    from pipelines.sources.importers.mapped_table import import_mapped_table
    from pipelines.sources.importers.value_counts import ValueCounts
    from pipelines.sources.importers.webdataset import import_webdataset, is_webdataset
    from schemas.errors import SettingsError

FLAGS = {
    "layout_of": ("--from", "table or data set of a known layout: its mapping is generated"),
    "out": ("--out", "folder to write to (default: imported)"),
}


def run(settings: ImportTable) -> None:
    """Run the import: a folder of Parquet files is written for each mapped table."""
    out = Path(settings.out)
    _refuse_inside_input(settings, out)
    counts = _from_layout(settings, out) if settings.layout_of else _mapped(mapped_sources(settings), settings, out)
    lines = [line for table in counts.values() for line in table.lines()]
    lines.append(f"Written to {out}: " + ", ".join(f"{table.rows:,} {name}" for name, table in counts.items()))
    lines.append(f"Next: {_next_command(settings, out, counts)}")
    sys.stdout.write("\n".join(lines) + "\n")


def _refuse_inside_input(settings: ImportTable, out: Path) -> None:
    """Raise where the tables would be written into a folder that is read: the next run would read them."""
    for read in (settings.layout_of, settings.notes.read, settings.clicks.read, settings.images.read):
        if read is not None and Path(read).is_dir() and out.resolve().is_relative_to(Path(read).resolve()):
            raise SettingsError(f"--out {out} is inside {read}, which is read; give a folder outside of it")


def _next_command(settings: ImportTable, out: Path, counts: Mapping[str, ValueCounts]) -> str:
    """The command that mines what was imported; relative uris count from the folder of the table that they came from."""
    flags = "".join(f" --{name} {shlex.quote(f'{out}/{name}.parquet')}" for name in counts)
    if "notes" not in counts:
        flags += " --notes YOUR_NOTES"
    read = settings.layout_of or settings.notes.read
    if read is not None:
        flags += f" --image-root {shlex.quote(folder_of(str(read)))}"
    return f"./spark-submit.sh jobs/mine_pairs.py{flags} --workspace mined"


def _from_layout(settings: ImportTable, out: Path) -> dict[str, ValueCounts]:
    uri = str(settings.layout_of)
    if is_webdataset(uri):
        return import_webdataset(uri, out)
    table = open_table(uri, options=settings.read)
    sources = known_layout(uri, arrow_columns(table), class_names(table))
    sys.stdout.write("The mapping; to change it, write it to a file for --config:\n\n" + as_toml(sources) + "\n")
    return _mapped(sources, settings, out)


def _mapped(sources: Mapping[str, Source], settings: ImportTable, out: Path) -> dict[str, ValueCounts]:
    return {
        name: import_mapped_table(source, name, written_columns(name, source), out / f"{name}.parquet", settings.read)
        for name, source in sources.items()
    }


if __name__ == "__main__":
    run_job(ImportTable, run, __doc__ or "", FLAGS)
