"""Settings of `python -m uninote_train sft` and `rl`."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from schemas.settings import Place
from uninote_train.data.loader import Data
from uninote_train.models.settings import ModelChoice
from uninote_train.objectives.rl.reward import Reward
from uninote_train.run.loop import Run
from uninote_train.run.optimizer import Optimizer


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """The contrastive loss."""

    kind: Literal["symmetric_kl", "true_js", "info_nce"] = "symmetric_kl"
    """symmetric_kl: the paper's, which it calls JS; true_js: with the mixture; info_nce: no soft labels, the positive against
    its candidates and, with `in_batch`, the other rows' documents."""
    temperature: Annotated[float, Field(gt=0)] = 0.02
    """Divides the model's cosines. Source: method.md, section 6."""
    label_temperature: Annotated[float, Field(gt=0)] = 0.02
    """Divides the soft labels. Source: the same tau. A judge's labels span 0 to 1 where similarities span a fifth:
    0.1 says as much of them."""
    in_batch: bool = True
    """info_nce: documents of all rows of all processes are negatives, but for those that are tied to the query's component or
    its positive's."""
    margin: Annotated[float, Field(ge=-2, le=2)] | None = 0.1
    """info_nce: an in-batch document whose cosine beats the positive's by more is left out; none: no such rule.
    Source: Qwen3-VL-Embedding."""
    info_nce_weight: Annotated[float, Field(ge=0)] = 0.0
    """InfoNCE is added to a divergence with this weight. Ours: a row's own candidates say nothing of the rest of the corpus."""
    dims: tuple[Annotated[int, Field(ge=1)], ...] = (64, 512, 1024, 4096)
    """Matryoshka: the loss is added up over the first so many dimensions; those beyond the model's are left out.
    Source: method.md, section 6."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """The ranking loss. Source: method.md, section 7."""

    policy: Literal["item_softmax", "positive_advantage", "plackett_luce"] = "item_softmax"
    """item_softmax: over the list's candidates; positive_advantage: the same, better ones only (PAO); plackett_luce: sampled
    rankings. Ours: the paper's objective, read literally, has no gradient."""
    temperature: Annotated[float, Field(gt=0)] = 0.05
    """Divides the cosines in the policy. Ours; HARR's 0.05 (peers.md, C10)."""
    kl: Annotated[float, Field(ge=0)] = 0.1
    """Weight of KL(policy || start), over the list's candidates. Ours; PAO found 0.3 for its temperature of 1."""
    rankings: Annotated[int, Field(ge=2)] = 8
    """plackett_luce: rankings sampled for a list. Source: HARR, trl."""
    clip: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """plackett_luce: how far the ratio of a ranking's probabilities may move. Source: PPO, HARR."""
    updates: Annotated[int, Field(ge=1)] = 1
    """Updates on a step's lists, with the rankings that were drawn before the first."""
    frozen_documents: bool = False
    """Candidates keep the vectors of the model at the start, as in an index that is not built again; only queries move."""
    dims: Annotated[int, Field(ge=1)] | None = None
    """Dimensions that cosines are taken in; none: all."""
    reward: Reward = field(default_factory=Reward)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSft:
    """Settings of `python -m uninote_train sft`."""

    shards: Place = "out/sft"
    """A folder (path or URI) of SFT shards, or one with `train` and `validation` in it."""
    out: Place = "trained/sft"
    """A local folder: checkpoints, logs, and in the end `model`."""
    model: ModelChoice = field(default_factory=ModelChoice)
    data: Data = field(default_factory=Data)
    loss: Contrast = field(default_factory=Contrast)
    optimizer: Optimizer = field(default_factory=Optimizer)
    run: Run = field(default_factory=Run)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists(Data):
    """As `Data`, for ranking lists."""

    batch: Annotated[int, Field(ge=1)] = 8
    """Lists of a step, of all processes together. Source: method.md, section 7."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallSteps(Optimizer):
    """As `Optimizer`, for the second stage."""

    learning_rate: Annotated[float, Field(gt=0)] = 5e-7
    """At its height. Source: method.md, section 7."""
    steps: Annotated[int, Field(ge=1)] | None = None
    """Of training; none: one epoch, as in the paper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRl:
    """Settings of `python -m uninote_train rl`."""

    shards: Place = "out/rl"
    """A folder (path or URI) of ranking lists, or one with `train` and `validation` in it."""
    out: Place = "trained/rl"
    """A local folder: checkpoints, logs, and in the end `model`."""
    model: ModelChoice = field(default_factory=ModelChoice)
    """`model.path` is what the contrastive stage saved: the policy starts there, and is kept near it."""
    data: Lists = field(default_factory=Lists)
    rank: Ranking = field(default_factory=Ranking)
    optimizer: SmallSteps = field(default_factory=SmallSteps)
    run: Run = field(default_factory=Run)
