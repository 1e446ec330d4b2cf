"""GradCache: the exact gradients of a batch that does not fit in memory.

Source: Gao et al. 2021 (arXiv:2101.06983). Three passes: vectors of all mini-batches without a graph; the loss and its gradient
in the vectors; each mini-batch again with a graph and its first random state, back-propagating its vectors' gradient. The cost
is one more forward pass. The model itself splits a batch (`Model.split`): its pictures are stored by patch, not by item.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from uninote_train.models.protocol import Batch

Embed = Callable[[Batch], Tensor]
VectorLoss = Callable[[Tensor], Tensor]
"""Vectors of all mini-batches [n, d] -> a scalar."""


def backward(embed: Embed, mini_batches: Sequence[Batch], loss_of: VectorLoss, *, cached: bool) -> Tensor:
    """Compute the loss, and add its gradient over the whole batch to the parameters' `grad`.

    Args:
        embed: the model; with a graph, unless gradients are off.
        mini_batches: of the batch, in order.
        loss_of: called once, before any gradient is computed, so that an error it raises leaves none behind.
        cached: embed one mini-batch at a time; else all at once, which saves a forward pass.
    """
    if cached and len(mini_batches) > 1:
        return _cached(embed, mini_batches, loss_of)
    loss = loss_of(torch.cat([embed(mini_batch) for mini_batch in mini_batches]))
    torch.autograd.backward(loss)
    return loss.detach()


def _cached(embed: Embed, mini_batches: Sequence[Batch], loss_of: VectorLoss) -> Tensor:
    device = next(iter(mini_batches[0].tensors.values())).device
    states, vectors = [], []
    with torch.no_grad():
        for mini_batch in mini_batches:
            states.append(_random_state(device))
            vectors.append(embed(mini_batch))
    leaves = torch.cat(vectors).requires_grad_()
    loss = loss_of(leaves)
    torch.autograd.backward(loss)
    gradient = leaves.grad if leaves.grad is not None else torch.zeros_like(leaves)
    parts = gradient.split([m.items for m in mini_batches])
    for mini_batch, state, part in zip(mini_batches, states, parts, strict=True):
        _set_random_state(device, state)
        torch.autograd.backward((embed(mini_batch) * part).sum())
    return loss.detach()


def _random_state(device: torch.device) -> tuple[Tensor, Tensor | None]:
    return torch.get_rng_state(), torch.cuda.get_rng_state(device) if device.type == "cuda" else None


def _set_random_state(device: torch.device, state: tuple[Tensor, Tensor | None]) -> None:
    torch.set_rng_state(state[0])
    if state[1] is not None:
        torch.cuda.set_rng_state(state[1], device)
