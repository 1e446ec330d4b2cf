"""spark-submit.sh reads Spark, master and memory from all usual places; run with a Spark that prints its arguments."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.submit import command

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
PRINTS = """#!{python}
import json, os, sys
print(json.dumps({{"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd()}}))
"""
JOB = "jobs/mine_pairs.py"


@pytest.fixture
def spark(tmp_path) -> Path:
    return fake_spark(tmp_path / "opt" / "spark")


def fake_spark(home: Path, version: str = "4.1.0") -> Path:
    for folder in ("bin", "jars", "conf"):
        (home / folder).mkdir(parents=True)
    (home / f"jars/spark-core_2.13-{version}.jar").touch()
    (home / "bin/spark-submit").write_text(PRINTS.format(python=sys.executable))
    (home / "bin/spark-submit").chmod(0o755)
    return home


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SPARK_", "PYSPARK_")) and k != "MASTER"}
    return kept | {"SPARK_HOME": str(home)} | more


def submit(*arguments: object, home: Path, **more: str) -> dict:
    """Return the arguments and environment that Spark would be started with."""
    words, environment_of_spark = command([str(word) for word in arguments], environment(home, **more))
    assert words[0] == str(home / "bin/spark-submit")
    return {"arguments": words[1:], "environment": environment_of_spark}


def run(*arguments: object, home: Path, root: Path = ROOT, code: int = 0, folder: Path = ROOT, **more: str) -> dict:
    """Return the arguments and environment that Spark was started with."""
    script = ["bash", root / "spark-submit.sh", *arguments]
    done = subprocess.run(script, env=environment(home, **more), capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if code == 0 else {"error": done.stderr}


def is_local(submitted: dict) -> bool:
    """Whether the job got the defaults for a local master: all of them, or none."""
    words = submitted["arguments"]
    environment_of_spark = {
        submitted["environment"].get("SPARK_LOCAL_IP") == "127.0.0.1",
        "--driver-memory" in words,
        "--driver-java-options" in words,
    }
    assert len(environment_of_spark) == 1, submitted
    return environment_of_spark.pop()


def value_of(submitted: dict, option: str) -> str:
    return submitted["arguments"][submitted["arguments"].index(option) + 1]


def test_without_a_word_the_job_runs_on_this_machine_with_half_of_its_memory(spark):
    submitted = submit(JOB, "--workspace", "a b", home=spark)
    assert is_local(submitted)
    assert submitted["arguments"][-3:] == [JOB, "--workspace", "a b"]
    assert value_of(submitted, "--py-files").endswith("uninote.zip")
    assert value_of(submitted, "--driver-memory")[:-1].isdigit()


@pytest.mark.parametrize("options", [
    ["--master", "spark://h:7077"],
    ["--master=spark://h:7077"],
    ["--conf", "spark.master=spark://h:7077"],
    ["--conf=spark.master=spark://h:7077"],
    ["-c", "spark.master=yarn"],
    ["--conf", "spark.master=local", "--conf", "spark.master=yarn"],
    ["--conf", "spark.master=local[2]", "--master", "yarn"],
    ["--files", "a.py", "--master", "k8s://https://h:443"],
])  # fmt: skip
def test_a_cluster_named_by_an_option_gets_nothing_that_is_meant_for_one_machine(options, spark):
    submitted = submit(*options, JOB, home=spark)
    assert not is_local(submitted)
    assert [word for word in options if word not in submitted["arguments"]] == []


@pytest.mark.parametrize(
    "line",
    [
        "spark.master spark://h:7077",
        "  spark.master=yarn",
        "spark.master : yarn",
        "#x\nspark.master \\\n  yarn",
        "spark.master\tyarn",
    ],
)
def test_a_cluster_named_by_spark_defaults_is_one(line, spark, tmp_path):
    (spark / "conf/spark-defaults.conf").write_text(f"# ours\n{line}\n")
    assert not is_local(submit(JOB, home=spark))
    assert is_local(submit("--master", "local[2]", JOB, home=spark))
    conf = tmp_path / "my conf"
    shutil.copytree(spark / "conf", conf)
    (spark / "conf/spark-defaults.conf").unlink()
    assert is_local(submit(JOB, home=spark))
    assert not is_local(submit(JOB, home=spark, SPARK_CONF_DIR=str(conf)))


def test_a_properties_file_stands_for_the_defaults_unless_both_are_asked_for(spark, tmp_path):
    (spark / "conf/spark-defaults.conf").write_text("spark.master yarn\n")
    file = tmp_path / "job.conf"
    file.write_text("spark.executor.cores 2\n")
    assert is_local(submit("--properties-file", file, JOB, home=spark))
    assert not is_local(submit("--load-spark-defaults", "--properties-file", file, JOB, home=spark))
    file.write_text("spark.master spark://h:7077\n")
    assert not is_local(submit(f"--properties-file={file}", JOB, home=spark))


def test_a_master_of_the_environment_is_heard_last(spark):
    assert not is_local(submit(JOB, home=spark, MASTER="yarn"))
    assert is_local(submit("--conf", "spark.master=local[*]", JOB, home=spark, MASTER="yarn"))


@pytest.mark.parametrize("options", [["--driver-memory", "3g"], ["--driver-memory=3g"], ["--conf", "spark.driver.memory=3g"]])
def test_the_memory_that_was_asked_for_is_not_overruled(options, spark):
    submitted = submit(*options, JOB, home=spark)
    assert [word for word in submitted["arguments"] if word.startswith("--driver-memory")] == [
        word for word in options if word.startswith("--driver")
    ]


def test_memory_and_java_of_the_defaults_or_the_environment_are_not_overruled(spark):
    assert "--driver-memory" not in submit(JOB, home=spark, SPARK_DRIVER_MEMORY="3g")["arguments"]
    (spark / "conf/spark-defaults.conf").write_text("spark.driver.memory 5g\nspark.driver.extraJavaOptions -XX:+UseG1GC\n")
    submitted = submit(JOB, home=spark)
    assert not {"--driver-memory", "--driver-java-options"} & set(submitted["arguments"])


def test_py_files_of_the_user_travel_beside_the_project_and_do_not_end_the_options(spark):
    submitted = submit("--py-files", "x.py,y.zip", "--py-files=z.py", "--master", "yarn", JOB, "--py-files", "mine", home=spark)
    assert value_of(submitted, "--py-files").split(",")[1:] == ["x.py", "y.zip", "z.py"]
    assert submitted["arguments"][-3:] == [JOB, "--py-files", "mine"]
    assert not is_local(submitted)


def test_spark_home_is_the_users(spark):
    assert submit(JOB, home=spark)["environment"]["SPARK_HOME"] == str(spark)


@pytest.mark.parametrize(("make", "says"), [
    (lambda home: fake_spark(home, "3.5.6"), "is Spark 3.5.6, the jobs need Spark 4; unset it to use the package pyspark"),
    (lambda home: home.mkdir(parents=True), "expected a Spark"),
    (lambda home: None, "expected a Spark"),
])  # fmt: skip
def test_a_spark_home_that_cannot_run_the_jobs_is_one_line(make, says, tmp_path):
    make(tmp_path / "old")
    error = run(JOB, home=tmp_path / "old", code=2)["error"]
    assert says in error
    assert len(error.splitlines()) == 1


def test_what_the_user_exported_stays_and_what_is_empty_is_missing(spark):
    submitted = submit(JOB, home=spark, PYSPARK_PYTHON="/opt/python", SPARK_LOCAL_IP="10.0.0.7", PYSPARK_DRIVER_PYTHON="")
    environment_of_spark = submitted["environment"]
    assert (environment_of_spark["PYSPARK_PYTHON"], environment_of_spark["SPARK_LOCAL_IP"]) == ("/opt/python", "10.0.0.7")
    assert environment_of_spark["PYSPARK_DRIVER_PYTHON"] == str(ROOT / ".venv/bin/python")


def checkout(place: Path) -> Path:
    """A checkout with what a submission needs, and the environment of this one."""
    place.mkdir(parents=True)
    for name in ("spark-submit.sh", "scripts", "schemas", "pipelines", "jobs", "requirements"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, place / name)
    (place / ".venv").symlink_to((ROOT / ".venv").resolve())
    return place


def test_a_checkout_may_lie_in_a_path_with_a_space_and_be_called_by_a_link_from_elsewhere(spark, tmp_path):
    place = checkout(tmp_path / "my notes" / "a checkout")
    submitted = run(JOB, "--workspace", "a b", home=spark, root=place, folder=tmp_path)
    assert submitted["arguments"][-3:] == [JOB, "--workspace", "a b"]
    assert submitted["folder"] == str(tmp_path)
    assert value_of(submitted, "--py-files") == str(place / ".build/uninote.zip")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/spark-submit.sh").symlink_to(place / "spark-submit.sh")
    assert run(JOB, home=spark, root=tmp_path / "bin")["environment"]["PYSPARK_PYTHON"] == str(place / ".venv/bin/python")


def test_a_comma_in_the_path_does_not_cut_the_zip_in_two(spark, tmp_path):
    place = checkout(tmp_path / "a,b")
    shipped = value_of(run(JOB, home=spark, root=place, XDG_CACHE_HOME=str(tmp_path / "cache")), "--py-files")
    assert Path(shipped).is_file()
    assert shipped.startswith(str(tmp_path / "cache"))


def test_a_checkout_that_cannot_be_written_is_not_written(spark, tmp_path):
    place = checkout(tmp_path / "shared")
    (place / ".build").write_text("a file in the way: root may write wherever the mode says no\n")
    before = {path for path in place.rglob("*") if "__pycache__" not in path.parts}
    shipped = Path(value_of(run(JOB, home=spark, root=place, XDG_CACHE_HOME=str(tmp_path / "cache")), "--py-files"))
    assert shipped.is_file()
    assert oct(shipped.parent.stat().st_mode & 0o777) == "0o700"
    assert {path for path in place.rglob("*") if "__pycache__" not in path.parts} == before
    (tmp_path / "none").write_text("")
    shipped = value_of(
        run(JOB, home=spark, root=place, XDG_CACHE_HOME=str(tmp_path / "none"), TMPDIR=str(tmp_path)), "--py-files"
    )
    assert Path(shipped).parent.parent == tmp_path
