"""Stage 1: contrastive learning over soft labels and in-batch negatives, at several vector lengths. method.md, section 6."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from uninote_train.data.collate import SftRows
from uninote_train.models.protocol import Batch
from uninote_train.objectives.losses.divergence import Divergence, symmetric_kl, true_js
from uninote_train.objectives.losses.in_batch_negatives import allowed, once
from uninote_train.objectives.losses.info_nce import info_nce
from uninote_train.objectives.losses.masked_softmax import labelled, log_softmax
from uninote_train.objectives.losses.matryoshka import shortened
from uninote_train.objectives.protocol import Loss
from uninote_train.run.processes import Processes
from uninote_train.settings import Contrast

DIVERGENCES: dict[str, Divergence] = {"symmetric_kl": symmetric_kl, "true_js": true_js}


@dataclass(frozen=True, slots=True)
class Negatives:
    """The documents of all processes, and which of them may be negatives of this process's rows."""

    offset: int
    """Where this process's documents begin."""
    allowed: Tensor
    """[b, all documents] bool."""


@dataclass(frozen=True, slots=True)
class Contrastive:
    """The objective of `sft`."""

    settings: Contrast
    dims: tuple[int, ...]
    """Dimensions that the model has, of `settings.dims`."""
    processes: Processes
    updates: int = 1

    def inputs(self, rows: SftRows) -> Sequence[Batch]:
        """Queries and documents."""
        return (rows.queries, rows.documents)

    def begin(self, rows: SftRows) -> Negatives | None:
        """Who may be whose negative; None where no loss asks for it."""
        if self.settings.kind != "info_nce" and not self.settings.info_nce_weight:
            return None
        return self._negatives(rows)

    def loss(self, vectors: Sequence[Tensor], rows: SftRows, begun: Negatives | None) -> Loss:
        """The sum over dims of the mean over rows."""
        queries, documents = vectors
        everyone = self.processes.gathered(documents) if begun is not None else documents
        there = rows.candidates >= 0
        known, counted = labelled(rows.labels, there)
        total, per_row = queries.new_zeros(()), queries.new_zeros(len(rows.ids))
        for size in self.dims:
            asked = shortened(queries, size)[rows.query]
            if self.settings.kind != "info_nce":
                scores = (shortened(documents, size)[rows.candidates.clamp(min=0)] @ asked[:, :, None])[:, :, 0]
                values = self._divergence(scores, rows.labels, known)
                total = total + self.processes.mean(values, counted)
                per_row = per_row + values.detach() * counted
            if begun is not None:
                values = self._info_nce(asked @ shortened(everyone, size).T, rows, begun)
                weight = 1.0 if self.settings.kind == "info_nce" else self.settings.info_nce_weight
                total = total + weight * self.processes.mean(values, torch.ones_like(counted))
                per_row = per_row + weight * values.detach()
        return Loss(total, per_row, self._numbers(rows, counted, there, begun))

    def _divergence(self, scores: Tensor, labels: Tensor, known: Tensor) -> Tensor:
        log_p = log_softmax(scores, known, self.settings.temperature)
        log_q = log_softmax(labels.nan_to_num(0.0), known, self.settings.label_temperature)
        return DIVERGENCES[self.settings.kind](log_p, log_q)

    def _info_nce(self, scores: Tensor, rows: SftRows, begun: Negatives) -> Tensor:
        there = rows.candidates >= 0
        candidates = torch.where(there, rows.candidates + begun.offset, rows.candidates)
        heat, margin = self.settings.temperature, self.settings.margin
        return info_nce(scores, candidates, begun.allowed, temperature=heat, margin=margin)

    def _negatives(self, rows: SftRows) -> Negatives:
        counts = self.processes.counts(len(rows.document_component), rows.document_component.device)
        offset = sum(counts[: self.processes.rank])
        if not self.settings.in_batch:
            return Negatives(offset, torch.zeros(len(rows.ids), sum(counts), dtype=torch.bool, device=rows.query.device))
        everyone = self.processes.gathered
        mine = self.processes.rank * len(rows.ids)
        free = allowed(
            everyone(rows.query_name), everyone(rows.query_component), everyone(rows.positive_component),
            everyone(rows.document_component), rows=(mine, mine + len(rows.ids)),
        )  # fmt: skip
        names = everyone(rows.document_name)
        own = torch.where(rows.candidates >= 0, rows.candidates, rows.candidates[:, :1])
        return Negatives(offset, free & once(names, rows.document_name[own]))

    def _numbers(self, rows: SftRows, counted: Tensor, there: Tensor, begun: Negatives | None) -> dict[str, Tensor]:
        """Of all processes: rows without soft labels, candidates a row, in-batch negatives a row, documents."""
        count = float(len(rows.ids) * self.processes.world)
        mine = [(~counted).sum(), (there.sum() - len(rows.ids)) / count, torch.tensor(rows.documents.items)]
        names = ["rows_without_labels", "candidates", "documents"]
        if begun is not None:
            mine.append(begun.allowed.sum() / count)
            names.append("in_batch_negatives")
        summed = self.processes.total(torch.stack([m.float().to(rows.query.device) for m in mine]))
        return dict(zip(names, summed, strict=True))
