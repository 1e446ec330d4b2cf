"""Judge the relevance of a workspace's candidates to their queries with a model (Ray).

    python jobs/judge_relevance.py [--workspace URI] [--plan] [--calibrate sample|FOLDER|LABELS.csv] [--config FILE.toml]
                                   [--set section.key=value ...]
    ray job submit --working-dir . -- python jobs/judge_relevance.py --workspace URI

Scores each hard negative and positive once, caches every answer, calibrates the scores on labels and publishes judgements,
which jobs/mine_hard_negatives.py reads. --plan makes no calls. Starts a local Ray for the run
unless a cluster is configured (ray.address, RAY_ADDRESS). Settings: docs/settings.md.
"""

import sys
from contextlib import nullcontext
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from schemas.start import starting

with starting("models"):
    from pipelines.engines.ray.cluster import ray_session
    from pipelines.flows.judge_relevance.flow import Planned, judge_relevance
    from pipelines.flows.judge_relevance.settings import JudgeRelevance
    from pipelines.flows.judge_relevance.summary import plan, summary
    from pipelines.run_job import run_job
    from pipelines.workspace.arrow_stages import ArrowStages
    from pipelines.workspace.filesystem import absolute
    from pipelines.workspace.lock import workspace_lock
    from pipelines.workspace.workspace import Workspace
    from schemas.datasets import HARD_NEGATIVES

FLAGS = {
    "workspace": ("--workspace", "workspace with hard negatives; results are published there (default: out)"),
    "labels.calibrate": ("--calibrate", "fit the calibration on `sample`, a folder of truth, or a file of labels"),
}
SWITCHES = {"plan": ("--plan", "print the number of pairs, calls and tokens, and make no calls")}


def run(settings: JudgeRelevance) -> None:
    """Run the job: judgements are published in the workspace."""
    stages = ArrowStages(Workspace(absolute(settings.workspace)))
    stages.workspace.published(HARD_NEGATIVES.name)
    lock = nullcontext() if settings.plan else workspace_lock(stages.workspace.folder, "judge_relevance")
    with lock, ray_session(settings.ray) as machines:
        result = judge_relevance(stages, settings, machines)
    sys.stdout.write(plan(result, settings) if isinstance(result, Planned) else summary(stages, result))


if __name__ == "__main__":
    run_job(JudgeRelevance, run, __doc__ or "", FLAGS, SWITCHES, requirements="models")
