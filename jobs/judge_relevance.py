"""Judge how relevant the candidates of a workspace are to their queries (Ray).

    python jobs/judge_relevance.py [--workspace URI] [--plan] [--calibrate sample|FOLDER|LABELS.csv] [--config FILE.toml]
                                   [--set section.key=value ...]
    ray job submit --working-dir . -- python jobs/judge_relevance.py --workspace URI

Judges hard negatives and positives once each, keeps every answer in a cache, calibrates on labels and publishes judgements,
which jobs/mine_hard_negatives.py reads. --plan asks nothing. A local Ray is started and ended
unless a cluster is named (ray.address, RAY_ADDRESS). Settings: docs/reference/settings/judge_relevance.md.
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
    from pipelines.workspace.lock import alone
    from pipelines.workspace.workspace import Workspace
    from schemas.datasets import HARD_NEGATIVES

FLAGS = {
    "workspace": ("--workspace", "the workspace with hard negatives; results are published there (out)"),
    "labels.calibrate": ("--calibrate", "fit the calibration: `sample`, a folder of truth, or a Parquet file of labels"),
}
SWITCHES = {"plan": ("--plan", "say how many pairs, calls and tokens it would be; ask nothing")}


def run(settings: JudgeRelevance) -> None:
    """Settings in, tables out."""
    stages = ArrowStages(Workspace(absolute(settings.workspace)))
    stages.workspace.published(HARD_NEGATIVES.name)
    held = nullcontext() if settings.plan else alone(stages.workspace.folder, "judge_relevance")
    with held, ray_session(settings.ray) as machines:
        done = judge_relevance(stages, settings, machines)
    sys.stdout.write(plan(done, settings) if isinstance(done, Planned) else summary(stages, done))


if __name__ == "__main__":
    run_job(JudgeRelevance, run, __doc__ or "", FLAGS, SWITCHES, requirements="models")
