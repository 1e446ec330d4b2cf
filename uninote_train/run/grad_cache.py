"""A batch that does not fit in memory, with the gradients that it would give if it did.

Source: Gao et al. 2021 (arXiv:2101.06983). Three passes: vectors of all pieces without a graph; the loss and its gradient in
the vectors; each piece again with a graph, under the random numbers that it had, pulled by its vectors' gradient. The cost is
one more forward pass. How a batch is cut is the model's own (`Model.split`): pictures lie in it by patches, not by items.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from uninote_train.models.protocol import Batch

Embed = Callable[[Batch], Tensor]
LossOf = Callable[[Tensor], Tensor]
"""Vectors of all pieces [n, d] -> a scalar."""


def backward(embed: Embed, pieces: Sequence[Batch], loss_of: LossOf, *, cached: bool) -> Tensor:
    """The loss; in the parameters' `grad` what its backward pass over the whole batch adds.

    Args:
        embed: with a graph, unless gradients are off.
        pieces: of the batch, in order.
        loss_of: called once. Whatever it raises stops before any gradient is there.
        cached: piece by piece; else all at once, which is a forward pass less.
    """
    if cached and len(pieces) > 1:
        return _in_pieces(embed, pieces, loss_of)
    loss = loss_of(torch.cat([embed(piece) for piece in pieces]))
    torch.autograd.backward(loss)
    return loss.detach()


def _in_pieces(embed: Embed, pieces: Sequence[Batch], loss_of: LossOf) -> Tensor:
    device = next(iter(pieces[0].tensors.values())).device
    states, vectors = [], []
    with torch.no_grad():
        for piece in pieces:
            states.append(_random_state(device))
            vectors.append(embed(piece))
    leaves = torch.cat(vectors).requires_grad_()
    loss = loss_of(leaves)
    torch.autograd.backward(loss)
    pulls = leaves.grad if leaves.grad is not None else torch.zeros_like(leaves)
    for piece, state, pull in zip(pieces, states, pulls.split([p.items for p in pieces]), strict=True):
        _set_random_state(device, state)
        torch.autograd.backward((embed(piece) * pull).sum())
    return loss.detach()


def _random_state(device: torch.device) -> tuple[Tensor, Tensor | None]:
    return torch.get_rng_state(), torch.cuda.get_rng_state(device) if device.type == "cuda" else None


def _set_random_state(device: torch.device, state: tuple[Tensor, Tensor | None]) -> None:
    torch.set_rng_state(state[0])
    if state[1] is not None:
        torch.cuda.set_rng_state(state[1], device)
