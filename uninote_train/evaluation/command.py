"""`python -m uninote_train evaluate`: settings in, metrics, a page and plots out."""

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from schemas.errors import DataError, SettingsError
from schemas.folders import make_folder, refuse_file, refuse_uri
from schemas.settings import Place, as_tree
from schemas.shards import SFT, ShardFiles, shard_files
from uninote_train.evaluation.bootstrap import Bootstrap
from uninote_train.evaluation.encode_items import EncodedItems, Encoding, encode
from uninote_train.evaluation.evaluate import EvaluationSet, evaluation_set, measure
from uninote_train.evaluation.evaluation_inputs import read_inputs
from uninote_train.evaluation.external_vectors import read_vectors, write_items
from uninote_train.evaluation.few_queries import few_queries
from uninote_train.evaluation.results_table import mean_of_meta, page
from uninote_train.evaluation.split_pictures import PictureFiles
from uninote_train.models.load_model import load_model
from uninote_train.models.settings import ModelChoice
from uninote_train.process.output_lock import lock_output

NUMBERS, PAGE = "metrics.json", "results.md"
NAME = re.compile(r"[\w.+-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate:
    """Settings of `python -m uninote_train evaluate`."""

    shards: Place = "out/sft"
    """A folder of SFT shards with the splits in it, or of one split's."""
    out: Place = "evaluated"
    """A local folder: NAME/metrics.json for each system, and one page with plots of all systems."""
    lists: Place | None = None
    """A folder of ranking lists; none: `rl` next to `shards`, if it exists."""
    split: Literal["train", "validation", "test"] = "test"
    """The split that is evaluated."""
    name: str = "model"
    """Name of the system in tables and plots."""
    vectors: Place | None = None
    """A folder of vectors that another encoder made from `write_items`; no model is loaded then."""
    write_items: Place | None = None
    """Only write the items to encode to this folder, for jobs/encode_items.py."""
    model: ModelChoice = field(default_factory=ModelChoice)
    """The model that is evaluated, unless `vectors` is set."""
    dims: tuple[Annotated[int, Field(ge=1)], ...] = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
    """The tasks are also evaluated on vectors truncated to these lengths; those longer than the model's are ignored."""
    encoding: Encoding = field(default_factory=Encoding)
    bootstrap: Bootstrap = field(default_factory=Bootstrap)


def evaluate(settings: Evaluate) -> None:
    """Evaluate one system, then write the page of all."""
    if not NAME.fullmatch(settings.name):
        raise SettingsError(f"name '{settings.name}': it names a folder; expected letters, digits, '.', '+', '-', '_'")
    if settings.write_items:
        _write_items(settings, settings.write_items)
        return
    with lock_output(settings.out, "evaluate") as out:
        sys.stdout.write(_evaluate_system(settings, out))


def _write_items(settings: Evaluate, folder: str) -> None:
    """Write the items, and print the next command."""
    place = refuse_uri(folder, "--write-items")
    refuse_file(place, "--write-items")
    make_folder(place.absolute().parent, "--write-items")
    tasks, pictures = _evaluation_set(settings)
    files = write_items(place, tasks.items(), pictures)
    sys.stdout.write(
        f"{len(tasks.items()):,} items in {files} files at {folder}\n"
        f"next: python jobs/encode_items.py --items {folder} --out VECTORS --set encoder.name=NAME\n"
    )


def _evaluate_system(settings: Evaluate, out: Path) -> str:
    """Write metrics, page and plots; returns the closing summary."""
    tasks, pictures = _evaluation_set(settings)
    encoded = _encode(settings, tasks, pictures)
    results = measure(tasks, encoded, settings.dims, settings.bootstrap)
    systems = with_other_systems(out, settings.name, {"settings": as_tree(settings), **results})
    _write(out / settings.name / NUMBERS, json.dumps(systems[settings.name], indent=1))
    _write(out / PAGE, page(systems))
    from uninote_train.evaluation.plots import draw

    plots = draw(systems, out)
    return _closing_summary(settings, results, out, [p.name for p in plots])


def with_other_systems(out: Path, name: str, results: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The results of this system and of all others in the folder, sorted by name.

    Raises:
        DataError: two were evaluated on different tasks, so that one table cannot compare them.
    """
    others = {file.parent.name: json.loads(file.read_text(encoding="utf8")) for file in out.glob(f"*/{NUMBERS}")}
    systems = dict(sorted((others | {name: results}).items()))
    sizes = {
        name: {t: (v["queries"], v["gallery"]) for t, v in _at_full_length(s)["tasks"].items()} for name, s in systems.items()
    }
    if len({json.dumps(size, sort_keys=True) for size in sizes.values()}) > 1:
        raise DataError(
            f"{out}: {', '.join(sizes)} were not all evaluated on these shards and do not belong in one table; choose another "
            "--out, or move the others away"
        )
    return systems


def _evaluation_set(settings: Evaluate) -> tuple[EvaluationSet, PictureFiles]:
    shards = _files(Path(settings.shards), settings.split)
    default = Path(settings.shards).parent / "rl"
    folder = Path(settings.lists) if settings.lists else default if (default / settings.split).is_dir() else None
    inputs = read_inputs(shards, _files(folder, settings.split) if folder else [])
    if not inputs.split.pairs:
        raise DataError(f"{settings.shards}: the split {settings.split} has no rows; see the counts of {SFT.made_by}")
    return evaluation_set(inputs.split, inputs.lists), inputs.pictures


def _files(folder: Path, split: str) -> list[ShardFiles]:
    return shard_files(folder / split if (folder / split).is_dir() else folder)


def _encode(settings: Evaluate, tasks: EvaluationSet, pictures: PictureFiles) -> EncodedItems:
    items = tasks.items()
    if settings.vectors:
        return read_vectors(Path(settings.vectors), [item["item_id"] for item in items])
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # its threads do not survive a fork
    import torch

    model = load_model(settings.model, "cuda" if torch.cuda.is_available() else "cpu")
    return encode(model, items, pictures, settings.encoding)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".unfinished")
    part.write_text(text, encoding="utf8")
    part.replace(path)


def _at_full_length(system: Mapping[str, Any]) -> Mapping[str, Any]:
    return dict(system["at"][str(system["dimensions"])])


def _closing_summary(settings: Evaluate, results: Mapping[str, Any], out: Path, plots: list[str]) -> str:
    whole = _at_full_length(results)
    lines = [
        f"{settings.name}: {results['items']:,} items, {results['dimensions']} dimensions; recall@1 in percent (95 % interval)"
    ]
    for task, numbers in whole["tasks"].items():
        value, low, high = (100 * v for v in numbers["recall@1"])
        sizes = f"{numbers['queries']:,} queries, {numbers['gallery']:,} in the gallery"
        lines.append(f"  {task:<16} {value:5.1f} ({low:.1f} to {high:.1f})  {sizes}")
    lines.append(f"  mean of the meta tasks {100 * mean_of_meta(whole):.1f}")
    lines += [f"  {warning}" for warning in (few_queries(whole["tasks"]),) if warning]
    lines += [f"  {count:>9,} items without a vector: {reason}" for reason, count in results["refused"].items()]
    return "\n".join([*lines, f"page: {out / PAGE}; metrics: {out / settings.name / NUMBERS}; plots: {', '.join(plots)}", ""])
