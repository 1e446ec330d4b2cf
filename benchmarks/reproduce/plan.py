"""The experiment's plan: corpus, arms, and training lengths."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Settings of `make reproduce`."""

    notes: int = 2000
    """Notes of the sample corpus."""
    corpus_seed: int = 5000
    """Seed of the sample corpus; differs from the default run's (0) and from those of the shipped weights' training."""
    school_notes: int = 1500
    """Notes of the corpus for pretraining (seed 1000)."""
    coarse_steps: int = 100
    """Coarse steps of pretraining, a sixth of the shipped weights': those were trained on the truth of such corpora until
    training on mined pairs did not improve them further (dev/log.md)."""
    fine_steps: int = 30
    """Fine steps of pretraining, at full picture size."""
    seeds: int = 3
    """Runs per arm, with different orders of rows."""
    steps: int = 60
    """Steps of each contrastive training."""
    batch: int = 16
    """Rows per step."""
    rl_steps: int = 30
    """Steps of each ranking training."""
    rl_batch: int = 8
    """Lists per step. Source: method.md, section 7."""
    learning_rate: float = 1e-4
    """Learning rate of contrastive training: the paper's. Three times as much was worse (dev/log.md)."""
    rl_learning_rate: float = 3e-5
    """Learning rate of ranking training, a third of the above; the paper's is a two-hundredth, for thousands of steps."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One training configuration."""

    name: str
    negatives: str
    """One of `shards.NEGATIVES`."""
    loss: str
    """Value of `loss.kind`."""
    after: str | None = None
    """For rl: the arm whose models are trained further by ranking."""


ARMS = (
    Arm("random", "random", "symmetric_kl"),
    Arm("mined", "mined", "symmetric_kl"),
    Arm("all", "all", "symmetric_kl"),
    Arm("infonce", "all", "info_nce"),
    Arm("rl", "all", "symmetric_kl", after="all"),
)
START = "start"
"""The network after the short pretraining, before any arm."""
SHIPS = "ships"
"""The shipped weights, after full pretraining: only evaluated."""
