"""Stage 1: contrastive learning over soft labels and in-batch negatives, at several vector lengths. method.md, section 6."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from uninote_train.data.collate import SftRows
from uninote_train.models.protocol import Batch
from uninote_train.objectives.losses.divergence import Divergence, symmetric_kl, true_js
from uninote_train.objectives.losses.in_batch_negatives import distinct_documents_mask, in_batch_negatives_mask
from uninote_train.objectives.losses.info_nce import info_nce
from uninote_train.objectives.losses.masked_softmax import label_masks, log_softmax
from uninote_train.objectives.losses.matryoshka import truncate_dimensions
from uninote_train.objectives.protocol import Loss
from uninote_train.objectives.settings import ContrastiveLoss
from uninote_train.process.processes import Processes

DIVERGENCES: dict[str, Divergence] = {"symmetric_kl": symmetric_kl, "true_js": true_js}


@dataclass(frozen=True, slots=True)
class InBatchNegatives:
    """The documents of all processes that are negatives of this process's rows."""

    offset: int
    """Index of this process's first document among those of all processes."""
    mask: Tensor
    """[b, all documents] bool."""


@dataclass(frozen=True, slots=True)
class ContrastiveObjective:
    """The objective of `sft`."""

    settings: ContrastiveLoss
    dims: tuple[int, ...]
    """Those of `settings.dims` that the model has."""
    processes: Processes
    updates: int = 1

    def inputs(self, rows: SftRows) -> Sequence[Batch]:
        """Queries and documents."""
        return (rows.queries, rows.documents)

    def prepare_step(self, rows: SftRows) -> InBatchNegatives | None:
        """Mask of valid in-batch negatives, or None if the loss uses none."""
        if self.settings.kind != "info_nce" and not self.settings.info_nce_weight:
            return None
        return self._in_batch_negatives(rows)

    def loss(self, vectors: Sequence[Tensor], rows: SftRows, negatives: InBatchNegatives | None) -> Loss:
        """The sum over `dims` of the mean over rows."""
        queries, documents = vectors
        all_documents = self.processes.gather(documents) if negatives is not None else documents
        is_candidate = rows.candidates >= 0
        labelled, row_counts = label_masks(rows.labels, is_candidate)
        total, per_row = queries.new_zeros(()), queries.new_zeros(len(rows.ids))
        for size in self.dims:
            row_queries = truncate_dimensions(queries, size)[rows.query]
            if self.settings.kind != "info_nce":
                own_documents = truncate_dimensions(documents, size)[rows.candidates.clamp(min=0)]
                scores = (own_documents @ row_queries[:, :, None])[:, :, 0]
                values = self._divergence(scores, rows, labelled)
                total = total + self.processes.mean(values, row_counts)
                per_row = per_row + values.detach() * row_counts
            if negatives is not None:
                values = self._info_nce(row_queries @ truncate_dimensions(all_documents, size).T, rows, negatives)
                weight = 1.0 if self.settings.kind == "info_nce" else self.settings.info_nce_weight
                total = total + weight * self.processes.mean(values, torch.ones_like(row_counts))
                per_row = per_row + weight * values.detach()
        return Loss(total, per_row, self._metrics(rows, row_counts, is_candidate, negatives))

    def _divergence(self, scores: Tensor, rows: SftRows, labelled: Tensor) -> Tensor:
        log_p = log_softmax(scores, labelled, self.settings.temperature)
        log_q = log_softmax(rows.labels.nan_to_num(0.0), labelled, self.settings.label_temperature or rows.label_temperature)
        return DIVERGENCES[self.settings.kind](log_p, log_q)

    def _info_nce(self, scores: Tensor, rows: SftRows, negatives: InBatchNegatives) -> Tensor:
        is_candidate = rows.candidates >= 0
        candidates = torch.where(is_candidate, rows.candidates + negatives.offset, rows.candidates)
        temperature, margin = self.settings.temperature, self.settings.margin
        return info_nce(scores, candidates, negatives.mask, temperature=temperature, margin=margin)

    def _in_batch_negatives(self, rows: SftRows) -> InBatchNegatives:
        counts = self.processes.counts(len(rows.document_component), rows.document_component.device)
        offset = sum(counts[: self.processes.rank])
        if not self.settings.in_batch:
            return InBatchNegatives(offset, torch.zeros(len(rows.ids), sum(counts), dtype=torch.bool, device=rows.query.device))
        gather = self.processes.gather
        first_row = self.processes.rank * len(rows.ids)
        unrelated = in_batch_negatives_mask(
            gather(rows.query_name), gather(rows.query_component), gather(rows.positive_component),
            gather(rows.document_component), rows=(first_row, first_row + len(rows.ids)),
        )  # fmt: skip
        names = gather(rows.document_name)
        own = torch.where(rows.candidates >= 0, rows.candidates, rows.candidates[:, :1])
        return InBatchNegatives(offset, unrelated & distinct_documents_mask(names, rows.document_name[own]))

    def _metrics(
        self, rows: SftRows, row_counts: Tensor, is_candidate: Tensor, negatives: InBatchNegatives | None
    ) -> dict[str, Tensor]:
        """Over all processes: rows without soft labels, candidates per row, documents, in-batch negatives per row."""
        count = float(len(rows.ids) * self.processes.world)
        own = [(~row_counts).sum(), (is_candidate.sum() - len(rows.ids)) / count, torch.tensor(rows.documents.items)]
        names = ["rows_without_labels", "candidates", "documents"]
        if negatives is not None:
            own.append(negatives.mask.sum() / count)
            names.append("in_batch_negatives")
        totals = self.processes.total(torch.stack([value.float().to(rows.query.device) for value in own]))
        return dict(zip(names, totals, strict=True))
