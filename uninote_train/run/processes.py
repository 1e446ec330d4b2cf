"""What several training processes do together; in one process each of these is the identity.

The model is not wrapped in DistributedDataParallel. Its hooks count one forward and one backward pass a step; cached
gradients run many, and an item without a picture leaves parameters unused. Here the gradients are averaged once, when the
step's backward passes are done: the same numbers, and nothing to count.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Processes:
    """This process among all."""

    rank: int = 0
    world: int = 1

    def gathered(self, local: Tensor) -> Tensor:
        """Rows of all processes, in the processes' order; a gradient in them comes back to the process they are from.

        Args:
            local: [n, ...], n may differ between the processes; float or int64.

        Returns:
            [sum of n, ...].

        Cost: the sum of an array that is zero but for the own rows, so the bytes of all rows once more than a plain gather.
        """
        if self.world == 1:
            return local
        counts = self.counts(len(local), local.device)
        start = sum(counts[: self.rank])
        before, after = (local.new_zeros((n, *local.shape[1:])) for n in (start, sum(counts) - start - len(local)))
        placed = torch.cat([before, local, after])
        if placed.is_floating_point() and placed.requires_grad:
            summed: Tensor = _Sum.apply(placed)
            return summed
        dist.all_reduce(placed)
        return placed

    def counts(self, own: int, device: torch.device) -> list[int]:
        """A number of each process."""
        if self.world == 1:
            return [own]
        found = torch.zeros(self.world, dtype=torch.int64, device=device)
        found[self.rank] = own
        dist.all_reduce(found)
        return [int(n) for n in found.tolist()]

    def total(self, values: Tensor) -> Tensor:
        """The sum over the processes; no gradient."""
        summed = values.detach().clone()
        if self.world > 1:
            dist.all_reduce(summed)
        return summed

    def mean(self, values: Tensor, counts: Tensor) -> Tensor:
        """The mean of `values` where `counts`, over the rows of all processes, in the form that averaged gradients want.

        Args:
            values: [b].
            counts: [b] bool.

        Returns:
            A scalar: its mean over the processes is the mean over all rows. 0 where no row counts.
        """
        rows = self.total(counts.sum().float()) / self.world
        return torch.where(counts, values, 0).sum() / rows.clamp(min=1 / self.world)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Set each gradient to its mean over the processes; one that no process has stays None."""
        if self.world == 1:
            return
        held = list(parameters)
        known = torch.tensor([p.grad is not None for p in held], dtype=torch.int64, device=held[0].device)
        dist.all_reduce(known)
        for group in _by_type([p for p, n in zip(held, known.tolist(), strict=True) if n]):
            grads = [p.grad if p.grad is not None else torch.zeros_like(p) for p in group]
            flat = torch.cat([g.reshape(-1) for g in grads])
            dist.all_reduce(flat)
            flat /= self.world
            for parameter, part in zip(group, flat.split([p.numel() for p in group]), strict=True):
                parameter.grad = part.view_as(parameter)

    def wait(self) -> None:
        """Until all processes are here."""
        if self.world > 1:
            dist.barrier()


class _Sum(torch.autograd.Function):
    """The sum over the processes; its gradient is the sum of theirs. torch's own of this kind is being taken out."""

    @staticmethod
    def forward(ctx: Any, placed: Tensor) -> Tensor:  # noqa: ANN401  # torch's
        """Of an array that is made for this and may be written to."""
        ctx.mark_dirty(placed)
        dist.all_reduce(placed)
        return placed

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:  # noqa: ANN401
        """Each process's loss pulls at all rows."""
        summed = gradients[0].contiguous().clone()
        dist.all_reduce(summed)
        return summed


def _by_type(parameters: Sequence[nn.Parameter]) -> list[list[nn.Parameter]]:
    kinds = sorted({p.dtype for p in parameters}, key=str)
    return [[p for p in parameters if p.dtype == kind] for kind in kinds]
