"""Settings of `python -m uninote_train sft` and `rl`."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from schemas.settings import Place
from uninote_train.data.loader import Data
from uninote_train.models.settings import ModelChoice
from uninote_train.objectives.settings import ContrastiveLoss, RankingLoss, Replay
from uninote_train.run.loop import RunSettings
from uninote_train.run.optimizer import Optimizer
from uninote_train.run.validation import ValidationSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSft:
    """Settings of `python -m uninote_train sft`."""

    shards: Place = "out/sft"
    """A folder (path or URI) of SFT shards, or one with a `train` folder in it."""
    out: Place = "trained/sft"
    """A local folder for checkpoints, logs, and at the end `model`."""
    model: ModelChoice = field(default_factory=ModelChoice)
    data: Data = field(default_factory=Data)
    loss: ContrastiveLoss = field(default_factory=ContrastiveLoss)
    optimizer: Optimizer = field(default_factory=Optimizer)
    validation: ValidationSettings = field(default_factory=ValidationSettings)
    run: RunSettings = field(default_factory=RunSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListData(Data):
    """How ranking lists are read: `Data` with another default."""

    batch: Annotated[int, Field(ge=1)] = 8
    """Lists of a step, over all processes. Source: method.md, section 7."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallSteps(Optimizer):
    """AdamW for the second stage: `Optimizer` with other defaults."""

    learning_rate: Annotated[float, Field(gt=0)] | None = 5e-7
    """Peak learning rate. Source: method.md, section 7."""
    epochs: Annotated[float, Field(gt=0)] = 1.0
    """How often each list is seen. Source: method.md, section 7."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRl:
    """Settings of `python -m uninote_train rl`."""

    shards: Place = "out/rl"
    """A folder (path or URI) of ranking lists, or one with a `train` folder in it."""
    sft: Place | None = None
    """A folder of SFT shards, for replay and validation; none: `sft` next to `shards`, if it exists."""
    out: Place = "trained/rl"
    """A local folder for checkpoints, logs, and at the end `model`."""
    model: ModelChoice = field(default_factory=ModelChoice)
    """`model.path` is the model that the contrastive stage saved: the policy starts from it and is regularised towards it."""
    data: ListData = field(default_factory=ListData)
    rank: RankingLoss = field(default_factory=RankingLoss)
    replay: Replay = field(default_factory=Replay)
    loss: ContrastiveLoss = field(default_factory=ContrastiveLoss)
    optimizer: SmallSteps = field(default_factory=SmallSteps)
    validation: ValidationSettings = field(default_factory=ValidationSettings)
    run: RunSettings = field(default_factory=RunSettings)
