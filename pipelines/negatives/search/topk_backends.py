"""Backends that propose the best rows of a corpus: faiss on a CPU, torch on another device. Scores are approximate."""

from typing import Protocol

import faiss
import numpy as np

from pipelines.negatives.search.exact_dot import NO_ROW, Rows, Scores, Vectors


class Lookup(Protocol):
    """Proposes the rows with the highest float32 scores, best first."""

    def __call__(self, queries: Vectors, depth: int) -> tuple[Scores, Rows]:
        """Queries [n, d] -> scores [n, depth], rows [n, depth]; NO_ROW after the last hit."""
        ...


def flat_lookup(corpus: Vectors, device: str, memory: int) -> Lookup:
    """A lookup that scores every row.

    Args:
        corpus: [m, d].
        device: "cpu", or a torch device.
        memory: bytes that the blocks of a torch device may take; faiss blocks by itself, in some 16 MB.
    """
    if device != "cpu":
        return _on_device(corpus, device, memory)

    def lookup(queries: Vectors, depth: int) -> tuple[Scores, Rows]:
        return faiss.knn(queries, corpus, depth, metric=faiss.METRIC_INNER_PRODUCT)

    return lookup


def products(queries: Vectors, corpus: Vectors, device: str) -> Scores:
    """All inner products, rounded as the device adds: queries [n, d], corpus [m, d] -> [n, m]."""
    if device == "cpu":
        return queries @ corpus.T
    import torch  # as below

    torch.backends.cuda.matmul.allow_tf32 = False
    left, right = (torch.from_numpy(np.ascontiguousarray(side)).to(device) for side in (queries, corpus))
    return (left @ right.T).cpu().numpy()


def _on_device(corpus: Vectors, device: str, memory: int) -> Lookup:
    """Blocked matrix products and top-k in torch. Tests run it on torch's "cpu:0" only."""
    import torch  # only a device other than the CPU needs torch

    torch.backends.cuda.matmul.allow_tf32 = False  # the error bound of `search` is that of float32

    def lookup(queries: Vectors, depth: int) -> tuple[Scores, Rows]:
        on_device = torch.from_numpy(queries).to(device)
        block = max(1, memory // (4 * (corpus.shape[1] + 2 * len(queries))))
        scores = torch.full((len(queries), 0), -torch.inf, device=device)
        rows = torch.full((len(queries), 0), NO_ROW, dtype=torch.int64, device=device)
        for begin in range(0, len(corpus), block):
            products = on_device @ torch.from_numpy(corpus[begin : begin + block]).to(device).T
            best = products.topk(min(depth, products.shape[1]), dim=1)
            scores, rows = torch.cat([scores, best.values], dim=1), torch.cat([rows, best.indices + begin], dim=1)
            top = scores.topk(min(depth, scores.shape[1]), dim=1)
            scores, rows = top.values, rows.gather(1, top.indices)
        return scores.cpu().numpy(), rows.cpu().numpy()

    return lookup
