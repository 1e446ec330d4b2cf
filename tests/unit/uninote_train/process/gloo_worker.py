"""One of several processes: the gradients of each case's step, written to a file. `python -m tests....gloo_worker RANK WORLD OUT SFT RL`."""

import sys
from pathlib import Path

import torch
import torch.distributed as dist
from safetensors.torch import save_file

from schemas.shards import RL, SFT
from tests.unit.uninote_train.toy import Toy, ToyPreparer
from uninote_train.data.loader import ReplayDataset, StepDataset
from uninote_train.data.sample_order import Order
from uninote_train.data.shard_reader import open_shards
from uninote_train.models.protocol import trainable
from uninote_train.objectives.contrastive import ContrastiveObjective
from uninote_train.objectives.ranking_rl import RankingObjective
from uninote_train.objectives.replay import ReplayObjective
from uninote_train.objectives.rl.reference_model import ReferenceModel
from uninote_train.objectives.settings import ContrastiveLoss, RankingLoss
from uninote_train.process.processes import Processes
from uninote_train.run.grad_cache import backward

SFT_CASES = {
    "symmetric_kl": ContrastiveLoss(kind="symmetric_kl", dims=(4, 16)),
    "both": ContrastiveLoss(kind="symmetric_kl", dims=(16,), info_nce_weight=0.5),
    "info_nce": ContrastiveLoss(kind="info_nce", dims=(8, 16), temperature=0.1),
    "own_only": ContrastiveLoss(kind="info_nce", dims=(16,), in_batch=False),
}
RL_CASES = {
    "item_softmax": RankingLoss(policy="item_softmax", kl=0.1),
    "plackett_luce": RankingLoss(policy="plackett_luce", kl=0.3),
    "control": RankingLoss(policy="info_nce", kl=0.0),
    "replay": RankingLoss(),
    "frozen": RankingLoss(frozen_documents=True, policy="positive_advantage"),
}
BATCH, STEP = 8, 1


def steps_of(stage: str, shards: dict[str, str], processes: Processes) -> StepDataset:
    opened = open_shards(shards[stage], "train", SFT if stage == "sft" else RL, "/nowhere")
    return StepDataset(
        stage=stage, shards=opened, order=Order(opened.counts, 3, 2), preparer=ToyPreparer(), batch=BATCH, rank=processes.rank,
        world=processes.world, rankings=8,
    )  # fmt: skip


def gradients(processes: Processes, shards: dict[str, str], mini_batch: int) -> dict[str, torch.Tensor]:
    """Each case's averaged gradients and loss, and each number that is logged."""
    tensors = {}
    for name, settings in {**SFT_CASES, **RL_CASES}.items():
        stage = "sft" if name in SFT_CASES else "rl"
        model = Toy()
        steps = steps_of(stage, shards, processes)
        if stage == "sft":
            objective = ContrastiveObjective(settings, settings.dims, processes)
        else:
            reference = ReferenceModel(Toy(seed=1), 0, torch.no_grad)  # another model: its KL is not zero
            objective = RankingObjective(settings, 16, reference, processes)
        rows = steps[STEP]
        if name == "replay":
            objective = ReplayObjective(objective, ContrastiveObjective(ContrastiveLoss(dims=(16,)), (16,), processes), 0.5)
            rows = ReplayDataset(lists=steps, pairs=steps_of("sft", shards, processes))[STEP]
        batches, state, losses = objective.inputs(rows), objective.prepare_step(rows), []

        def loss_of(vectors, objective=objective, batches=batches, rows=rows, state=state, losses=losses):
            losses.append(objective.loss(vectors.split([b.items for b in batches]), rows, state))
            return losses[0].value

        mini_batches = [p for b in batches for p in (model.split(b, mini_batch) if mini_batch else [b])]
        loss = backward(model, mini_batches, loss_of, cached=mini_batch > 0)
        processes.average_gradients(trainable(model).values())
        tensors |= {f"{name}/{n}": p.grad for n, p in trainable(model).items()}
        tensors[f"{name}/loss"] = processes.total(loss) / processes.world
        tensors |= {f"{name}/{n}": v for n, v in losses[0].metrics.items() if n != "documents"}
    return tensors


def main() -> None:
    torch.set_num_threads(1)
    rank, world, out, sft, rl = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], sys.argv[5]
    dist.init_process_group("gloo", init_method=f"file://{out / 'meeting'}", rank=rank, world_size=world)
    processes = Processes(rank, world)
    for mini_batch in (0, 3):
        tensors = gradients(processes, {"sft": sft, "rl": rl}, mini_batch)
        save_file({k: t.contiguous() for k, t in tensors.items()}, out / f"{rank}-{mini_batch}.safetensors")
    lonely, absent = torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(3))
    if rank == 1:
        lonely.grad = torch.tensor([2.0, 4.0])
    processes.average_gradients([lonely, absent])
    losses = {
        "lonely": lonely.grad,
        "absent": torch.tensor(absent.grad is None),
        "rows": processes.gather(torch.arange(rank + 1) + 10 * rank),
    }
    save_file(losses, out / f"{rank}-collectives.safetensors")
    processes.wait()  # gloo's threads abort a process whose partner has gone
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
