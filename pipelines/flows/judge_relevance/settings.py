"""Settings of jobs/judge_relevance.py."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from pipelines.engines.ray.cluster import Cluster
from pipelines.judge.calibration.fit import CalibrationSettings
from pipelines.judge.grades import Grades
from pipelines.judge.select_pairs import Cascade
from schemas.preset import Choice
from schemas.settings import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeChoice(Choice):
    """The judge."""

    name: Place = "overlap"
    """A preset of conf/judges, or the path of a .toml file of your own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairChunks:
    """How much work an actor gets at a time."""

    pairs: Annotated[int, Field(ge=1)] = 64
    """Pairs per chunk: what is judged again after a kill, and what an actor holds in memory with its pictures. May change the
    last bits of a model's scores, since a batch never spans two chunks."""
    max_refused_share: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Share of a run's pairs without a score above which the job fails; pairs beyond the budget do not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSettings:
    """The cache of answers."""

    folder: Place | None = None
    """A folder (any URI) that runs and workspaces share, no pair is judged twice. None: `judge_cache` in the workspace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The budget of a run."""

    max_pairs: Annotated[int | None, Field(ge=0)] = None
    """Most pairs that a run sends to the judge, all actors together; the others get the reason "not asked: the budget is spent"
    and are judged by the next run. The most similar negatives come first. None: no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationLabels:
    """The labels of the calibration."""

    calibrate: Place | None = None
    """Fit the calibration of this judge on labels: `sample` (the sample corpus's truth in the workspace), a folder with such a
    truth (images.parquet, passages.parquet), or a CSV, JSONL or Parquet file (query_id, candidate_id, relevant). None: use
    the stored calibration."""
    controls: Annotated[int, Field(ge=0)] = 200
    """Labelled pairs that are judged again with query and candidate swapped, and again with blank pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeRelevance:
    """Settings of jobs/judge_relevance.py."""

    workspace: Place = "out"
    """The folder (any URI) of the mined datasets; results are published there."""
    plan: bool = False
    """Print the number of pairs, calls and tokens, and send no request."""
    keep_others: bool = True
    """Keep the judgements of other judges and questions; the guard uses the highest of all."""
    ray: Cluster = field(default_factory=Cluster)
    judge: JudgeChoice = field(default_factory=JudgeChoice)
    cascade: Cascade = field(default_factory=Cascade)
    chunks: PairChunks = field(default_factory=PairChunks)
    cache: CacheSettings = field(default_factory=CacheSettings)
    budget: Budget = field(default_factory=Budget)
    labels: CalibrationLabels = field(default_factory=CalibrationLabels)
    calibrate: CalibrationSettings = field(default_factory=CalibrationSettings)
    grades: Grades = field(default_factory=Grades)
