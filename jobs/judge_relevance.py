"""Score the relevance of candidates to queries with a judge (Ray).

    python jobs/judge_relevance.py [--workspace URI] [--plan] [--calibrate sample|FOLDER|LABELS.csv] [--config FILE.toml]
                                   [--set section.key=value ...]
    ray job submit --working-dir . -- python jobs/judge_relevance.py --workspace URI

Judges hard negatives and positives once each, caches every answer, calibrates on labels and publishes judgements, which
jobs/mine_hard_negatives.py reads. --plan sends no request. A local Ray is started and stopped unless a cluster is set
(ray.address, RAY_ADDRESS). Settings: docs/reference/settings/judge_relevance.md.
"""

import sys
from contextlib import nullcontext
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from schemas.start import starting

with starting("models"):
    from pipelines.engines.ray.cluster import ray_session
    from pipelines.flows.judge_relevance.flow import JudgePlan, judge_relevance
    from pipelines.flows.judge_relevance.settings import JudgeRelevance
    from pipelines.flows.judge_relevance.summary import plan, summary
    from pipelines.run_job import run_job
    from pipelines.workspace.arrow_stages import ArrowStages
    from pipelines.workspace.filesystem import absolute
    from pipelines.workspace.lock import workspace_lock
    from pipelines.workspace.workspace import Workspace
    from schemas.datasets import HARD_NEGATIVES

FLAGS = {
    "workspace": ("--workspace", "the workspace with hard negatives; results are published there (out)"),
    "labels.calibrate": ("--calibrate", "fit the calibration on `sample`, a folder of truth, or a file of labels"),
}
SWITCHES = {"plan": ("--plan", "print the number of pairs, calls and tokens, and send no request")}


def run(settings: JudgeRelevance) -> None:
    """Run the job and print its summary."""
    stages = ArrowStages(Workspace(absolute(settings.workspace)))
    stages.workspace.published(HARD_NEGATIVES.name)
    lock = nullcontext() if settings.plan else workspace_lock(stages.workspace.folder, "judge_relevance")
    with lock, ray_session(settings.ray) as machines:
        result = judge_relevance(stages, settings, machines)
    sys.stdout.write(plan(result, settings) if isinstance(result, JudgePlan) else summary(stages, result))


if __name__ == "__main__":
    run_job(JudgeRelevance, run, __doc__ or "", FLAGS, SWITCHES, requirements="models")
