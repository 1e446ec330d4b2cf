"""The audit passes on a workspace that the job has mined, and fails on a damaged one."""

import shutil
import subprocess
import sys

from pipelines.workspace.workspace import Workspace
from tests.conftest import ROOT


def audit(workspace, *more):
    job = [sys.executable, ROOT / "jobs/audit_workspace.py", "--workspace", workspace, *more]
    return subprocess.run(job, capture_output=True, text=True, check=False)


def test_a_mined_workspace_passes_all_rules(mined):
    done = audit(mined[0])
    assert done.returncode == 0, done.stdout
    assert "FAILED" not in done.stdout
    assert "passed       a component is in one split" in done.stdout


def test_a_flipped_bit_exits_with_1_unless_checksums_are_off(mined, tmp_path):
    shutil.copytree(mined[0], tmp_path / "w")
    dataset = Workspace(str(tmp_path / "w")).published("notes")
    file = tmp_path / "w" / "notes" / dataset.files[0].path
    content = bytearray(file.read_bytes())
    content[8] ^= 1
    file.write_bytes(bytes(content))
    done = audit(tmp_path / "w")
    assert done.returncode == 1
    assert "FAILED       every file has the checksum in its manifest (1 row)" in done.stdout
    assert file.name in done.stdout
    assert "has the checksum" not in [
        line for line in audit(tmp_path / "w", "--set", "checksums=false").stdout.splitlines() if "FAILED" in line
    ]


def test_no_workspace_is_the_users_mistake(tmp_path):
    done = audit(tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
