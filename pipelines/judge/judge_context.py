"""What a judge is loaded with."""

from dataclasses import dataclass, field

from pipelines.judge.backends.mined_content import MinedContent
from pipelines.judge.budget import RequestBudget
from pipelines.judge.preset import JudgeSpec


@dataclass(frozen=True, slots=True)
class JudgeContext:
    """Goes to each actor that loads the judge; a backend takes from it what it needs."""

    spec: JudgeSpec
    gpu: bool = False
    """Run on the GPU of the actor."""
    api_key: str | None = field(default=None, repr=False)
    """The value of `spec.server.key_variable`, read by the job, since an actor has another environment."""
    content: MinedContent = field(default_factory=MinedContent, repr=False)
    """Picture families, passages and annotations, for a backend with `mined_content`."""
    budget: RequestBudget | None = field(default=None, repr=False)
    """The run's budget, shared by all actors; None: each actor has one of its own."""
    threads: int = 1
    """CPU threads per actor of a model in this process."""
