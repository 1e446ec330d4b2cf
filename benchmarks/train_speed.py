"""The trainer's own cost: the data loader alone, a step over bare forward and backward, and sentence-transformers beside it.

    python -m benchmarks.train_speed [--shards DIR] [--model tiny|small|FOLDER] [--batch 16] [--piece 16] [--json FILE]

All in one run, on one machine, taking turns. `bare` is forward and backward of batches that lie prepared in memory: no
optimizer, no clipping, no check, no log. `step` is the trainer's step on the same batches, `run` the whole loop with its
loader and log. `cached` is the same with GradCache, and beside it sentence-transformers' CachedMultipleNegativesRankingLoss on
the same model and the same rows, in mini-batches of the same size; it has no way to embed an item of several rows once.
Without --shards, small ones are drawn. --model tiny is a Qwen3-VL of 215,000 random parameters with adapters of rank 16.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from schemas.shards import SFT
from testkit.training_shards import sft_shards
from uninote_train.data.collate import SftRows
from uninote_train.data.loader import Data, StepDataset, StepLoader
from uninote_train.data.sample_order import Order
from uninote_train.data.shard_reader import open_shards
from uninote_train.models.load_model import load_model
from uninote_train.models.protocol import Batch, Model
from uninote_train.models.settings import ModelChoice
from uninote_train.objectives.contrastive import ContrastiveObjective
from uninote_train.objectives.losses.matryoshka import usable
from uninote_train.objectives.settings import ContrastiveLoss
from uninote_train.process.processes import Processes
from uninote_train.run.grad_cache import backward
from uninote_train.run.log import RunLog
from uninote_train.run.loop import Clock, Stepper
from uninote_train.run.optimizer import Optimizer, adamw, schedule
from uninote_train.run.resume import Progress

WARM = 2


def chosen(name: str, folder: Path) -> Model:
    """The model to train."""
    if name == "small":
        return load_model(ModelChoice(kind="small"))
    if name == "tiny":
        from testkit import tiny_models

        name = str(tiny_models.qwen3_vl(folder / "tiny"))
    return load_model(ModelChoice(kind="vlm", path=name))


def stepper_of(model: Model, contrast: ContrastiveLoss, piece: int) -> Stepper:
    """A step as a run makes it."""
    settings, processes = Optimizer(steps=10_000), Processes()
    optimizer = adamw(Progress.parameters(model), settings, model.learning_rate)
    whole = ContrastiveObjective(contrast, usable(contrast.dims, model.dimensions), processes)
    rate = schedule(optimizer, settings, 10_000)
    return Stepper(model, whole, optimizer, rate, processes, torch.enable_grad, torch.device("cpu"), 0, piece, 1.0)


def bare(stepper: Stepper, rows: SftRows) -> None:
    """Forward and backward, and nothing else."""
    objective = stepper.objective
    batches, state = objective.inputs(rows), objective.prepare_step(rows)
    vectors = [stepper.model(batch) for batch in batches]
    objective.loss(vectors, rows, state).value.backward()
    stepper.model.zero_grad(set_to_none=True)


def seconds(work: Callable[[], Any]) -> float:
    """Of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def turns(works: dict[str, Callable[[int], Any]], rounds: int) -> dict[str, list[float]]:
    """Each work's seconds, one after the other in each round, so that a busy machine hits all alike."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for n in range(WARM + rounds):
        for name, work in works.items():
            took = seconds(lambda work=work, n=n: work(n))
            if n >= WARM:
                found[name].append(took)
    return found


def loader_rate(steps: StepDataset, count: int, workers: int) -> float:
    """Rows a second of the loader alone, after its first batch."""
    waited = iter(StepLoader(steps, range(count + 1), Data(workers=workers), pin=False))
    next(waited)
    return count * steps.batch / seconds(lambda: sum(1 for _ in waited))


def run_rate(stepper: Stepper, steps: StepDataset, count: int, workers: int, folder: Path) -> dict[str, float]:
    """Rows a second of the loop with loader and log, and the share of it that waits for rows; the first step left out."""
    waited, step_seconds, wait = StepLoader(steps, range(count + 1), Data(workers=workers), pin=False), [], []
    with RunLog(folder / "run", 0, count + 1, 1e9, silent=False) as log:
        clock = Clock()
        for number, rows in enumerate(waited):
            lap = {**stepper.step(number, rows), **clock.lap(steps.batch, waited.seconds)}
            log.step(number + 1, lap)
            step_seconds.append(lap["seconds"])
            wait.append(lap["wait_s"])
    return {"rows_per_s": count * steps.batch / sum(step_seconds[1:]), "wait_share": sum(wait[1:]) / sum(step_seconds[1:])}


def theirs(model: Model, piece: int, temperature: float) -> tuple[Any, Callable[[SftRows], list[dict[str, torch.Tensor]]]]:
    """sentence-transformers' cached loss around the same module, and how rows are given to it."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.losses import CachedMultipleNegativesRankingLoss

    class Around(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model

        def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: ANN401
            held = {"pictures_of" if k == "num_images_per_sample" else k: t for k, t in features.items()}
            features["sentence_embedding"] = model(Batch({k: t for k, t in held.items() if k in known}, len(held["input_ids"])))
            return features

    known = {"input_ids", "attention_mask", "mm_token_type_ids", "pixel_values", "image_grid_thw", "pictures_of"}
    loss = CachedMultipleNegativesRankingLoss(
        SentenceTransformer(modules=[Around()], device="cpu"), scale=1 / temperature, mini_batch_size=piece
    )

    def columns(rows: SftRows) -> list[dict[str, torch.Tensor]]:
        found = [picked(model, rows.queries, rows.query)]
        return found + [picked(model, rows.documents, column.clamp(min=0)) for column in rows.candidates.T]

    return loss, columns


def picked(model: Model, batch: Batch, places: torch.Tensor) -> dict[str, torch.Tensor]:
    """Items of a batch by their place, a place as often as it is named, as sentence-transformers wants features."""
    pieces = model.split(batch, 1)
    longest = batch.tensors["attention_mask"].shape[1]
    chosen_ones = [pieces[int(p)].tensors for p in places]
    out: dict[str, torch.Tensor] = {}
    for key in batch.tensors:
        held = [t[key] for t in chosen_ones if key in t]
        if key in ("input_ids", "attention_mask", "mm_token_type_ids"):
            held = [torch.nn.functional.pad(t, (0, longest - t.shape[1])) for t in held]
        if held:
            out["num_images_per_sample" if key == "pictures_of" else key] = torch.cat(held)
    return out


def compare(stepper: Stepper, rows: list[SftRows], rounds: int, piece: int) -> dict[str, Any]:
    """Our cached InfoNCE step's gradients against theirs."""
    contrast = ContrastiveLoss(kind="info_nce", dims=(stepper.model.dimensions,), temperature=0.05, margin=None)
    ours = ContrastiveObjective(contrast, (stepper.model.dimensions,), Processes())
    loss, columns = theirs(stepper.model, piece, 0.05)
    features = [columns(r) for r in rows]

    def mine(n: int) -> None:
        r = rows[n % len(rows)]
        state, batches = ours.prepare_step(r), ours.inputs(r)
        pieces = [p for b in batches for p in stepper.model.split(b, piece)]
        backward(stepper.model, pieces, lambda v: ours.loss(v.split([b.items for b in batches]), r, state).value, cached=True)
        stepper.model.zero_grad(set_to_none=True)

    def other(n: int) -> None:
        loss([dict(f) for f in features[n % len(rows)]], torch.zeros(0)).backward()
        stepper.model.zero_grad(set_to_none=True)

    took = turns({"ours": mine, "theirs": other}, rounds)
    embedded = statistics.mean(r.queries.items + r.documents.items for r in rows)
    offered = statistics.mean(len(r.ids) + (r.candidates >= 0).sum().item() for r in rows)
    return {
        "uninote_cached_rows_per_s": rate(took["ours"], len(rows[0].ids)),
        "sentence_transformers_cached_rows_per_s": rate(took["theirs"], len(rows[0].ids)),
        "items_embedded_once": embedded, "items_as_offered": offered,
    }  # fmt: skip


def rate(took: list[float], rows: int) -> float:
    """Rows a second at the median."""
    return rows / statistics.median(took)


def main() -> None:
    """Print all numbers, and write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", type=Path)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--piece", type=int, default=16)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory() as held:
        found = measured(given, Path(held))
    for name, value in found.items():
        print(f"{name:45} {value:.4g}")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))


def measured(given: argparse.Namespace, folder: Path) -> dict[str, float]:
    """All numbers."""
    shards = given.shards or sft_shards(folder / "sft", rows=400, shards=4)
    model = chosen(given.model, folder)
    opened = open_shards(str(shards), "train", SFT, str(folder))
    steps = StepDataset(
        stage="sft", shards=opened, order=Order(opened.counts, 0, 8), preparer=model.preparer, batch=given.batch
    )
    stepper = stepper_of(model, ContrastiveLoss(), 0)
    rows = [steps[n] for n in range(4)]
    took = turns({"bare": lambda n: bare(stepper, rows[n % 4]), "step": lambda n: stepper.step(n, rows[n % 4])}, given.steps)
    run = run_rate(stepper, steps, given.steps, given.workers, folder)
    loader = loader_rate(steps, 4 * given.steps, given.workers)
    bare_rate = rate(took["bare"], given.batch)
    found = {
        "bare_rows_per_s": bare_rate,
        "step_rows_per_s": rate(took["step"], given.batch),
        "step_overhead": statistics.median(s / b for s, b in zip(took["step"], took["bare"], strict=True)) - 1,
        "loader_alone_rows_per_s": loader,
        "loader_over_step": loader / rate(took["step"], given.batch),
        "run_rows_per_s": run["rows_per_s"],
        "run_wait_share": run["wait_share"],
    }
    return found if given.model == "small" else {**found, **compare(stepper, rows, given.steps, given.piece)}


if __name__ == "__main__":
    main()
