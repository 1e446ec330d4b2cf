"""What is run: the corpus, the arms, and how long each is trained."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Settings of `make reproduce`."""

    notes: int = 2000
    """Of the sample corpus."""
    corpus_seed: int = 5000
    """Of the sample corpus: another than the default run's (0) and than those that the shipped weights were trained on."""
    seeds: int = 3
    """Trainings of an arm: other orders of the rows."""
    steps: int = 200
    """Of each contrastive training."""
    batch: int = 16
    """Rows of a step."""
    rl_steps: int = 100
    """Of each ranking training."""
    rl_batch: int = 8
    """Lists of a step. Source: METHOD.md, section 7."""
    learning_rate: float = 3e-4
    """Of the contrastive trainings: all weights of a small network move, not adapters of a large one."""
    rl_learning_rate: float = 3e-5
    """A tenth of it; the paper's is a two-hundredth."""


@dataclass(frozen=True, slots=True)
class Arm:
    """A way to train."""

    name: str
    negatives: str
    """Of `shards.NEGATIVES`."""
    loss: str
    """Of `loss.kind`."""
    after: str | None = None
    """rl: of this arm's models, by ranking."""


ARMS = (
    Arm("random", "random", "symmetric_kl"),
    Arm("mined", "mined", "symmetric_kl"),
    Arm("all", "all", "symmetric_kl"),
    Arm("infonce", "all", "info_nce"),
    Arm("rl", "all", "symmetric_kl", after="all"),
)
START = "start"
"""The network before any of it: the weights that ship."""
