"""Settings of jobs/judge_relevance.py."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from pipelines.engines.ray.cluster import Cluster
from pipelines.judge.calibration.fit import Calibrate
from pipelines.judge.grades import Grades
from pipelines.judge.select_pairs import Cascade
from schemas.preset import Choice
from schemas.settings import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeChoice(Choice):
    """Which judge."""

    name: Place = "overlap"
    """A preset of conf/judges, or the path of a .toml file of your own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunking:
    """How much an actor takes at a time."""

    pairs: Annotated[int, Field(ge=1)] = 64
    """Pairs of a chunk: what is asked again after a kill, and what is in an actor's memory with its pictures. It may move the
    last bits of a model's scores, for batches do not reach over its end."""
    max_refused_share: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Pairs without a score, of those that a run asks, beyond which the job fails; what a budget left out is not asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Where answers are kept."""

    folder: Place | None = None
    """A folder (any URI) that runs and workspaces share: nothing is asked twice. None: `judge_cache` in the workspace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What a run may spend."""

    max_pairs: Annotated[int | None, Field(ge=0)] = None
    """Pairs that a run asks a judge about, all actors together; the others get the reason "not asked: the budget is spent" and
    are asked by the next run. The nearest negatives are asked first. None: no bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Where calibration takes its labels from."""

    calibrate: Place | None = None
    """Fit the calibration of this judge on labels: `sample` (the sample corpus's truth in the workspace), a folder with such a
    truth (images.parquet, passages.parquet), or a Parquet file (query_id, candidate_id, relevant). None: the stored one."""
    controls: Annotated[int, Field(ge=0)] = 200
    """Labelled pairs that are asked once more with query and candidate swapped, and once more with blank pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeRelevance:
    """Settings of jobs/judge_relevance.py."""

    workspace: Place = "out"
    """The folder (any URI) of the mined datasets; results are published there."""
    plan: bool = False
    """Say how many pairs, calls and tokens it would be, and ask nothing."""
    keep_others: bool = True
    """Keep the judgements of other judges and questions; the guard takes the highest of them all."""
    ray: Cluster = field(default_factory=Cluster)
    judge: JudgeChoice = field(default_factory=JudgeChoice)
    cascade: Cascade = field(default_factory=Cascade)
    chunks: Chunking = field(default_factory=Chunking)
    cache: Kept = field(default_factory=Kept)
    budget: Money = field(default_factory=Money)
    labels: Labelled = field(default_factory=Labelled)
    calibrate: Calibrate = field(default_factory=Calibrate)
    grades: Grades = field(default_factory=Grades)
