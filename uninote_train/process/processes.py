"""Collective operations of the training processes; in a single process each of them is the identity.

The model is not wrapped in DistributedDataParallel. Its hooks expect one forward and one backward pass per step; cached
gradients run many, and an item without a picture leaves parameters unused. Here the gradients are averaged once, after the
step's backward passes: the same result without hooks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Processes:
    """Rank of this process and number of processes."""

    rank: int = 0
    world: int = 1

    def gather(self, local: Tensor) -> Tensor:
        """Rows of all processes, in order of rank; gradients flow back to the process that a row is from.

        Args:
            local: [n, ...], n may differ between the processes; float or int64.

        Returns:
            [sum of n, ...].

        Cost: an all-reduce of an array that is zero outside the own rows: twice the bytes of a plain gather.
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
        """The number `own` of each process, in order of rank."""
        if self.world == 1:
            return [own]
        numbers = torch.zeros(self.world, dtype=torch.int64, device=device)
        numbers[self.rank] = own
        dist.all_reduce(numbers)
        return [int(n) for n in numbers.tolist()]

    def total(self, values: Tensor) -> Tensor:
        """The sum over the processes; no gradient."""
        summed = values.detach().clone()
        if self.world > 1:
            dist.all_reduce(summed)
        return summed

    def mean(self, values: Tensor, mask: Tensor) -> Tensor:
        """The mean of `values` where `mask` is true, over the rows of all processes, scaled for averaged gradients.

        Args:
            values: [b].
            mask: [b] bool.

        Returns:
            A scalar: its mean over the processes is the mean over all rows. 0 if no row counts.
        """
        rows = self.total(mask.sum().float()) / self.world
        return torch.where(mask, values, 0).sum() / rows.clamp(min=1 / self.world)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Set each gradient to its mean over the processes; a gradient that no process has stays None."""
        if self.world == 1:
            return
        every = list(parameters)
        gradient_counts = torch.tensor([p.grad is not None for p in every], dtype=torch.int64, device=every[0].device)
        dist.all_reduce(gradient_counts)
        for group in _by_type([p for p, n in zip(every, gradient_counts.tolist(), strict=True) if n]):
            grads = [p.grad if p.grad is not None else torch.zeros_like(p) for p in group]
            flat = torch.cat([g.reshape(-1) for g in grads])
            dist.all_reduce(flat)
            flat /= self.world
            for parameter, part in zip(group, flat.split([p.numel() for p in group]), strict=True):
                parameter.grad = part.view_as(parameter)

    def wait(self) -> None:
        """Wait for all processes (a barrier)."""
        if self.world > 1:
            dist.barrier()


class _Sum(torch.autograd.Function):
    """The sum over the processes; its gradient is the sum of theirs. torch's own function for this is deprecated."""

    @staticmethod
    def forward(ctx: Any, placed: Tensor) -> Tensor:  # noqa: ANN401  # torch's
        """Sum in place: the array is made for this call."""
        ctx.mark_dirty(placed)
        dist.all_reduce(placed)
        return placed

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:  # noqa: ANN401
        """The losses of all processes depend on all rows."""
        summed = gradients[0].contiguous().clone()
        dist.all_reduce(summed)
        return summed


def _by_type(parameters: Sequence[nn.Parameter]) -> list[list[nn.Parameter]]:
    kinds = sorted({p.dtype for p in parameters}, key=str)
    return [[p for p in parameters if p.dtype == kind] for kind in kinds]
