"""Settings of the two objectives."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from uninote_train.objectives.rl.reward import Reward


@dataclass(frozen=True, slots=True, kw_only=True)
class ContrastiveLoss:
    """The contrastive loss."""

    kind: Literal["symmetric_kl", "true_js", "info_nce"] = "info_nce"
    """info_nce: no soft labels, the positive against the row's candidates and, with `in_batch`, the documents of other rows
    (ours: best on real notes, decision 13); symmetric_kl: the paper's loss, which it calls JS; true_js: Jensen-Shannon with
    the mixture."""
    temperature: Annotated[float, Field(gt=0)] = 0.02
    """Divides the model's cosines. Source: method.md, section 6."""
    label_temperature: Annotated[float, Field(gt=0)] | None = None
    """Divides the soft labels. None: each row's own, which belongs to the scale of its labels and is in the shards."""
    in_batch: bool = True
    """info_nce: documents of all rows in all processes are negatives, except those related to the component of the query or of
    its positive."""
    margin: Annotated[float, Field(ge=-2, le=2)] | None = 0.1
    """info_nce: an in-batch document whose cosine exceeds the positive's by more is left out as a probable false negative.
    None: all are kept. Source: Qwen3-VL-Embedding."""
    info_nce_weight: Annotated[float, Field(ge=0)] = 0.0
    """Weight of InfoNCE added to a divergence. Ours: a divergence does not separate a row from the rest of the corpus."""
    dims: tuple[Annotated[int, Field(ge=1)], ...] = (64, 512, 1024, 4096)
    """Matryoshka: the loss is summed over vectors truncated to these lengths and the whole vector; those longer than the
    model's are ignored. Source: method.md, section 6."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingLoss:
    """The ranking loss. Source: method.md, section 7."""

    policy: Literal["item_softmax", "positive_advantage", "plackett_luce", "info_nce"] = "plackett_luce"
    """item_softmax: softmax over the list's candidates; positive_advantage: the same, only candidates above the mean (PAO);
    plackett_luce: sampled rankings, which harm other tasks least. Ours: the paper's objective, read literally, has no gradient.
    info_nce: a control without a reward, each relevant candidate against the list's noise."""
    temperature: Annotated[float, Field(gt=0)] = 0.05
    """Divides the cosines in the policy. Ours, as in HARR (peers.md, C10)."""
    kl: Annotated[float, Field(ge=0)] = 1.0
    """Weight of KL(policy || model at the start) of each list's query over the documents of all lists of the step. Ours; PAO
    uses 0.3 with temperature 1."""
    rankings: Annotated[int, Field(ge=2)] = 8
    """plackett_luce: rankings sampled per list. Source: HARR, trl."""
    clip: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """plackett_luce: the ratio of a ranking's probabilities is clipped to 1 - clip and 1 + clip. Source: PPO, HARR."""
    updates: Annotated[int, Field(ge=1)] = 1
    """Weight updates per step, all with the rankings sampled in the first."""
    frozen_documents: bool = False
    """Candidates keep the vectors of the model at the start, as in an index that is not rebuilt; only queries are trained."""
    dims: Annotated[int, Field(ge=1)] | None = None
    """Cosines are taken in the first `dims` dimensions; none: all."""
    reward: Reward = field(default_factory=Reward)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Rows of SFT that are trained on beside the lists, with the loss of section `loss`: RL alone undoes the first stage."""

    rows: Annotated[int, Field(ge=0)] = 32
    """Rows of a step, over all processes; 0: none."""
    weight: Annotated[float, Field(gt=0)] = 1.0
    """Weight of their loss beside that of the lists."""
