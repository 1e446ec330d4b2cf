"""Who proposes the best rows of a corpus: faiss on a CPU, torch on another device. Scores are near, not final."""

from typing import Protocol

import faiss

from pipelines.negatives.search.exact_dot import NOTHING, Rows, Scores, Vectors


class Lookup(Protocol):
    """The rows that float32 arithmetic finds best, best first, and their scores as it has them."""

    def __call__(self, queries: Vectors, depth: int) -> tuple[Scores, Rows]:
        """Queries [n, d] -> scores [n, depth], rows [n, depth]; NOTHING behind the last that was found."""
        ...


def flat(corpus: Vectors, device: str, memory: int) -> Lookup:
    """Every row is looked at.

    Args:
        corpus: [m, d].
        device: "cpu", or what torch calls the device.
        memory: bytes that the blocks of a torch device may take; faiss blocks by itself, in some 16 MB.
    """
    if device != "cpu":
        return _on_device(corpus, device, memory)

    def look(queries: Vectors, depth: int) -> tuple[Scores, Rows]:
        return faiss.knn(queries, corpus, depth, metric=faiss.METRIC_INNER_PRODUCT)

    return look


def _on_device(corpus: Vectors, device: str, memory: int) -> Lookup:
    """Blocked matrix products and top-k in torch. Run in tests on torch's "cpu:0" only: no GPU was at hand."""
    import torch  # only who asks for a device needs torch

    torch.backends.cuda.matmul.allow_tf32 = False  # the error bound of `search` is that of float32

    def look(queries: Vectors, depth: int) -> tuple[Scores, Rows]:
        asked = torch.from_numpy(queries).to(device)
        block = max(1, memory // (4 * (corpus.shape[1] + 2 * len(queries))))
        scores = torch.full((len(queries), 0), -torch.inf, device=device)
        rows = torch.full((len(queries), 0), NOTHING, dtype=torch.int64, device=device)
        for begin in range(0, len(corpus), block):
            products = asked @ torch.from_numpy(corpus[begin : begin + block]).to(device).T
            best = products.topk(min(depth, products.shape[1]), dim=1)
            scores, rows = torch.cat([scores, best.values], dim=1), torch.cat([rows, best.indices + begin], dim=1)
            kept = scores.topk(min(depth, scores.shape[1]), dim=1)
            scores, rows = kept.values, rows.gather(1, kept.indices)
        return scores.cpu().numpy(), rows.cpu().numpy()

    return look
