"""The archive of Spark's classes: used where it fits, unused and unmentioned where it does not."""

import os
import shutil
import subprocess
from pathlib import Path

import pyspark
import pytest

from pipelines.engines.java_options import CLASS_ARCHIVE, PLAIN, java_options

HOME = Path(pyspark.__file__).parent


def started(home, *more):
    """Start Spark's own program, which prints its version, with the options of a job."""
    if not CLASS_ARCHIVE.is_file():
        pytest.skip("this Java wrote no archive of Spark's classes")
    words = [f"{home}/bin/spark-submit", "--driver-java-options", " ".join([java_options(), *more]), "--version"]
    return subprocess.run(
        words, env=os.environ | {"SPARK_HOME": str(home)}, capture_output=True, text=True, check=False, timeout=120
    )


def test_without_an_archive_and_below_a_folder_with_a_space_the_options_are_plain(tmp_path):
    assert java_options(tmp_path / "none.jsa") == PLAIN
    spaced = tmp_path / "a b.jsa"
    spaced.touch()
    assert java_options(spaced) == PLAIN
    (tmp_path / "a.jsa").touch()
    assert f"-XX:SharedArchiveFile={tmp_path}/a.jsa" in java_options(tmp_path / "a.jsa").split()


@pytest.mark.slow
def test_spark_s_classes_come_from_the_archive(tmp_path):
    log = tmp_path / "classes.log"
    done = started(HOME, f"-Xlog:class+load:file={log}")
    assert done.returncode == 0 and "version" in done.stderr
    of_spark = [line for line in log.read_text().splitlines() if "org.apache.spark." in line]
    shared = [line for line in of_spark if line.endswith("shared objects file (top)")]
    assert len(shared) > 100, len(of_spark)  # the rest serves this one option


@pytest.mark.slow
def test_an_archive_of_other_jars_is_not_used_and_not_mentioned(tmp_path):
    shutil.copytree(HOME / "bin", tmp_path / "bin")
    shutil.copytree(HOME / "jars", tmp_path / "jars", copy_function=lambda a, b: Path(b).symlink_to(a))
    done = started(tmp_path)
    assert done.returncode == 0
    assert "archive" not in done.stdout + done.stderr and "[warning]" not in done.stdout + done.stderr
