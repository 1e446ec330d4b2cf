"""Mine hard negatives for a mined workspace (Ray).

    python jobs/mine_hard_negatives.py [--workspace URI] [--calibrate] [--config FILE.toml] [--set section.key=value ...]
    ray job submit --working-dir . -- python jobs/mine_hard_negatives.py --workspace URI

Encodes the items, retrieves each query's neighbours, removes likely false negatives and keeps up to 8 hard negatives
per pair (hard_negatives). Starts a local Ray unless a cluster is set (ray.address, RAY_ADDRESS). Settings: docs/settings.md.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from schemas.start import starting

with starting("models"):
    from pipelines.engines.ray.cluster import ray_session
    from pipelines.flows.mine_hard_negatives.flow import mine_hard_negatives
    from pipelines.flows.mine_hard_negatives.settings import MineHardNegatives
    from pipelines.flows.mine_hard_negatives.summary import summary
    from pipelines.run_job import run_job
    from pipelines.workspace.arrow_stages import ArrowStages
    from pipelines.workspace.filesystem import absolute
    from pipelines.workspace.lock import alone
    from pipelines.workspace.workspace import Workspace
    from schemas.datasets import POSITIVES

FLAGS = {"workspace": ("--workspace", "the mined workspace; results are published there (out)")}
SWITCHES = {"labels.calibrate": ("--calibrate", "fit the band for this encoder first, on the corpus's truth")}


def run(settings: MineHardNegatives) -> None:
    """Settings in, tables out."""
    stages = ArrowStages(Workspace(absolute(settings.workspace)))
    stages.workspace.published(POSITIVES.name)
    with alone(stages.workspace.folder, "mine_hard_negatives"), ray_session(settings.ray) as machines:
        result = mine_hard_negatives(stages, settings, machines)
    sys.stdout.write(summary(stages, result))


if __name__ == "__main__":
    run_job(MineHardNegatives, run, __doc__ or "", FLAGS, SWITCHES, requirements="models")
