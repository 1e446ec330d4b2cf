"""What is run: the corpus, the arms, and how long each is trained."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Settings of `make reproduce`."""

    notes: int = 2000
    """Of the sample corpus."""
    corpus_seed: int = 5000
    """Of the sample corpus: another than the default run's (0) and than those that the shipped weights were trained on."""
    school_notes: int = 1500
    """Of the corpus that the network learns from before any of this (seed 1000)."""
    coarse_steps: int = 100
    """Of that schooling, a sixth of what the shipped weights had: those were drilled on the truth of such corpora until no
    training on mined pairs could add to it (dev/log.md)."""
    fine_steps: int = 30
    """Of that schooling, at the size of use."""
    seeds: int = 3
    """Trainings of an arm: other orders of the rows."""
    steps: int = 60
    """Of each contrastive training."""
    batch: int = 16
    """Rows of a step."""
    rl_steps: int = 30
    """Of each ranking training."""
    rl_batch: int = 8
    """Lists of a step. Source: method.md, section 7."""
    label_temperature: float = 0.1
    """Of the soft labels: the judge's span 0 to 1 where similarities span a fifth, so that the paper's 0.02 would say five
    times as much (a mistake then costs 45 nats, and nothing else is learned)."""
    learning_rate: float = 1e-4
    """Of the contrastive trainings: the paper's. Three times as much did more harm in as many steps (dev/log.md)."""
    rl_learning_rate: float = 3e-5
    """A third of it; the paper's is a two-hundredth, for thousands of steps."""


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
"""The network before any of it, after a sixth of its schooling."""
SHIPS = "ships"
"""The weights that ship, after all of it: not trained here, only asked."""
