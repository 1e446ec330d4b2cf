"""Options of Java for Spark on one machine, and where the archive of its loaded classes is."""

import sys
from pathlib import Path

CLASS_ARCHIVE = Path(sys.prefix) / "spark_classes.jsa"
"""Spark's classes as Java keeps them once they are loaded: scripts/java_class_archive.py writes it at setup."""
PLAIN = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -XX:+UseSerialGC"
"""On one machine the optimizing compiler (C2) competes with the job for cores. Without it Java reserves
48 MB for compiled code, which is too little for Spark."""


def java_options(archive: Path = CLASS_ARCHIVE) -> str:
    """Options for a driver on this machine: `PLAIN`, and the archive of classes if it is there.

    With the archive Java starts Spark with half of the work (4.5 core seconds for 9). An archive of another Java or of
    other jars is left unused by Java, which then loads the classes itself; its messages about that are turned off.
    """
    if not archive.is_file() or any(letter.isspace() for letter in str(archive)):
        return PLAIN
    return f"{PLAIN} -XX:SharedArchiveFile={archive} -Xlog:cds=off,cds+dynamic=off"
