"""A job in a separate process: locks a workspace in a store, publishes on request (stdin), and prints what it does."""

import sys

import pyarrow as pa

from pipelines.run_job import run_command
from pipelines.workspace import lock as module
from pipelines.workspace.arrow_io import write_parts
from pipelines.workspace.filesystem import Folder
from pipelines.workspace.lock import workspace_lock
from pipelines.workspace.stage_plan import Plan, counted, manifest
from pipelines.workspace.workspace import Workspace
from schemas.datasets import COMPONENTS
from tests.support.lease_settings import BEAT_S, PATIENCE_S, NoSettings


def publish(uri, count):
    workspace, plan = Workspace(uri), Plan(f"{count:016x}", {}, {}, "c0de")
    rows = [
        {"note_id": f"{n:05}", "component_id": "c", "size": 1, "content_group": "c", "split": "train"} for n in range(count)
    ]
    files = write_parts(
        [pa.Table.from_pylist(rows, COMPONENTS.columns)], COMPONENTS, workspace.new_run(COMPONENTS.name, plan.run_id)
    )
    run = manifest(COMPONENTS, plan, files, counted(COMPONENTS, None, count, {}), seconds=1.0, packages=(), report={})
    print("written", flush=True)
    sys.stdin.readline()
    workspace.publish(run)
    print("published", flush=True)


def main(uri, job):
    module.BEAT_S, module.PATIENCE_S = BEAT_S, PATIENCE_S

    def run(_):
        with workspace_lock(Folder(uri), job):
            print("locked", flush=True)
            while (line := sys.stdin.readline().strip()) and line != "end":
                publish(uri, int(line))

    run_command(NoSettings, run, "", {}, user_message=lambda _: None, requirements="mining", resume_hint="", arguments=[])


if __name__ == "__main__":
    main(*sys.argv[1:])
