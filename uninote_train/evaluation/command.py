"""`python -m uninote_train evaluate`: settings in, numbers, a page and plots out."""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow.parquet as pq
from pydantic import Field

from schemas.errors import DataError, SettingsError
from schemas.folders import make_folder, refuse_file, refuse_uri
from schemas.settings import Place, as_tree
from schemas.shards import RL, SFT, ShardFiles, shard_files
from schemas.table import Table
from uninote_train.evaluation.bootstrap import Bootstrap
from uninote_train.evaluation.encode_items import Encoded, Encoding, encode
from uninote_train.evaluation.evaluate import Exam, exam, measure
from uninote_train.evaluation.external_vectors import read_vectors, write_items
from uninote_train.evaluation.list_task import read_lists
from uninote_train.evaluation.results_table import mean_of_meta, page
from uninote_train.evaluation.split_items import read_split
from uninote_train.evaluation.split_pictures import PictureFiles
from uninote_train.models.load_model import load_model
from uninote_train.models.settings import ModelChoice
from uninote_train.run.output_lock import alone

NUMBERS, PAGE = "metrics.json", "results.md"
NAME = re.compile(r"[\w.+-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate:
    """Settings of `python -m uninote_train evaluate`."""

    shards: Place = "out/sft"
    """A folder of SFT shards with the splits in it, or of one split's."""
    out: Place = "evaluated"
    """A local folder: NAME/metrics.json of each system, and one page and plots of all that are there."""
    lists: Place | None = None
    """A folder of ranking lists; none: `rl` beside `shards`, where there is one."""
    split: Literal["train", "validation", "test"] = "test"
    """Which rows are asked."""
    name: str = "model"
    """Of the system, in tables and plots."""
    vectors: Place | None = None
    """A folder of vectors that another encoder made of `write_items`; the model is not loaded then."""
    write_items: Place | None = None
    """Write the items that are asked to this folder, for jobs/encode_items.py, and end."""
    model: ModelChoice = field(default_factory=ModelChoice)
    """What is evaluated, unless `vectors` is given."""
    dims: tuple[Annotated[int, Field(ge=1)], ...] = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
    """The tasks are asked with the first so many dimensions too; those beyond the model's are left out."""
    encoding: Encoding = field(default_factory=Encoding)
    bootstrap: Bootstrap = field(default_factory=Bootstrap)


def evaluate(settings: Evaluate) -> None:
    """Ask one system, then write the page of all."""
    if not NAME.fullmatch(settings.name):
        raise SettingsError(f"name '{settings.name}': it names a folder; wanted letters, digits, '.', '+', '-', '_'")
    if settings.write_items:
        _written(settings, settings.write_items)
        return
    with alone(settings.out, "evaluate") as out:
        sys.stdout.write(_measured(settings, out))


def _written(settings: Evaluate, folder: str) -> None:
    """Write the items, and say what comes next."""
    place = refuse_uri(folder, "--write-items")
    refuse_file(place, "--write-items")
    make_folder(place.absolute().parent, "--write-items")
    asked, pictures = _asked(settings)
    files = write_items(place, asked.items(), pictures)
    sys.stdout.write(
        f"{len(asked.items()):,} items in {files} files at {folder}\n"
        f"next: python jobs/encode_items.py --items {folder} --out VECTORS --set encoder.name=NAME\n"
    )


def _measured(settings: Evaluate, out: Path) -> str:
    """Write the numbers, the page and the plots; the last words."""
    asked, pictures = _asked(settings)
    encoded = _encoded(settings, asked, pictures)
    told = measure(asked, encoded, settings.dims, settings.bootstrap)
    systems = beside(out, settings.name, {"settings": as_tree(settings), **told})
    _write(out / settings.name / NUMBERS, json.dumps(systems[settings.name], indent=1))
    _write(out / PAGE, page(systems))
    from uninote_train.evaluation.plots import draw

    plots = draw(systems, out)
    return _last_words(settings, told, out, [p.name for p in plots])


def beside(out: Path, name: str, told: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Every system in the folder, and this one: name -> numbers, by name.

    Raises:
        DataError: two were asked different questions: they do not belong in one table.
    """
    there = {file.parent.name: json.loads(file.read_text(encoding="utf8")) for file in out.glob(f"*/{NUMBERS}")}
    systems = dict(sorted((there | {name: told}).items()))
    sizes = {name: {t: (v["queries"], v["gallery"]) for t, v in _whole(s)["tasks"].items()} for name, s in systems.items()}
    if len({json.dumps(size, sort_keys=True) for size in sizes.values()}) > 1:
        raise DataError(
            f"{out}: {', '.join(sizes)} were not all evaluated on these shards and do not belong in one table; choose another "
            "--out, or move the others away"
        )
    return systems


def _asked(settings: Evaluate) -> tuple[Exam, PictureFiles]:
    shards = _files(Path(settings.shards), settings.split)
    split = read_split(_rows(shards, SFT))
    if not split.pairs:
        raise DataError(f"{settings.shards}: the split {settings.split} has no rows; look at the counts of {SFT.made_by}")
    beside = Path(settings.shards).parent / "rl"
    folder = Path(settings.lists) if settings.lists else beside if (beside / settings.split).is_dir() else None
    listed = _files(folder, settings.split) if folder else []
    lists = read_lists(_rows(listed, RL))
    return exam(split, lists if lists.ranked else None), PictureFiles([file.pictures for file in (*shards, *listed)])


def _files(folder: Path, split: str) -> list[ShardFiles]:
    return shard_files(folder / split if (folder / split).is_dir() else folder)


def _rows(files: Sequence[ShardFiles], table: Table) -> Iterator[dict[str, Any]]:
    for file in files:
        opened = pq.ParquetFile(file.rows)
        table.check(opened.schema_arrow)
        for batch in opened.iter_batches(1024):
            yield from batch.to_pylist()


def _encoded(settings: Evaluate, asked: Exam, pictures: PictureFiles) -> Encoded:
    items = asked.items()
    if settings.vectors:
        return read_vectors(Path(settings.vectors), [item["item_id"] for item in items])
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # its threads do not live through a fork
    import torch

    model = load_model(settings.model, "cuda" if torch.cuda.is_available() else "cpu")
    return encode(model, items, pictures, settings.encoding)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".unfinished")
    part.write_text(text, encoding="utf8")
    part.replace(path)


def _whole(system: Mapping[str, Any]) -> Mapping[str, Any]:
    return dict(system["at"][str(system["dimensions"])])


def _last_words(settings: Evaluate, told: Mapping[str, Any], out: Path, plots: list[str]) -> str:
    whole = _whole(told)
    lines = [f"{settings.name}: {told['items']:,} items, {told['dimensions']} dimensions; recall@1 in percent (95 % interval)"]
    for task, numbers in whole["tasks"].items():
        value, low, high = (100 * v for v in numbers["recall@1"])
        asked = f"{numbers['queries']:,} queries of {numbers['gallery']:,}"
        lines.append(f"  {task:<16} {value:5.1f} ({low:.1f} to {high:.1f})  {asked}")
    lines.append(f"  mean of the meta tasks {100 * mean_of_meta(whole):.1f}")
    lines += [f"  {count:>9,} items without a vector: {reason}" for reason, count in told["refused"].items()]
    return "\n".join([*lines, f"page: {out / PAGE}; numbers: {out / settings.name / NUMBERS}; plots: {', '.join(plots)}", ""])
