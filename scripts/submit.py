"""What spark-submit.sh hands to Spark's own spark-submit: the project's code, and defaults where a job runs on this machine.

    python scripts/submit.py [spark-submit's options] jobs/mine_pairs.py [the job's options]

Which Spark and which master is what the user says, wherever that stands: SPARK_HOME, --master, --conf spark.master, a
properties file, $SPARK_CONF_DIR/spark-defaults.conf, MASTER. Only a local master gets a local address, half of the memory and
a plain Java.
"""

import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pipelines.engines.spark_session import zip_project  # noqa: E402

SPARK_MAJOR = 4
SWITCHES = {"--supervise", "--verbose", "-v", "--help", "-h", "--usage-error", "--version", "--load-spark-defaults"}
"""Options of spark-submit without a value; every other one has one."""
PLAIN_JAVA = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -XX:+UseSerialGC"
"""On one machine the second, optimising compiler takes the cores from the job it should speed up. Without it Java reserves
48 MB for compiled code, which Spark overflows."""
JAVA_OPTIONS = ("spark.driver.extraJavaOptions", "spark.driver.defaultJavaOptions")
OPTION_OF = {"--master": "spark.master", "--driver-memory": "spark.driver.memory", "--driver-java-options": JAVA_OPTIONS[0]}
PROPERTY = re.compile(r"([^\s=:]+)\s*[=:]?\s*(.*)")


@dataclass
class Given:
    """A command line of spark-submit, in its parts."""

    options: list[str] = field(default_factory=list)
    """Spark's own, without --py-files."""
    py_files: list[str] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)
    """What options of their own set, by Spark's names."""
    conf: dict[str, str] = field(default_factory=dict)
    """What --conf sets; the last of several stands, and an option of its own beats it."""
    file: str | None = None
    """Of --properties-file."""
    and_defaults: bool = False
    """Whether spark-defaults.conf counts beside it."""
    job: list[str] = field(default_factory=list)
    """The job's file and its options."""


def parsed(arguments: Sequence[str]) -> Given:
    """The command line as spark-submit will read it: its options end at the first word that is none."""
    given, words = Given(), iter(arguments)
    for word in words:
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if not word.startswith("-"):
            given.job = [word, *words]
        elif word in SWITCHES:
            given.and_defaults |= word == "--load-spark-defaults"
            given.options.append(word)
        else:
            _take(given, name, value if equals else next(words, None), [word] if equals else None)
    return given


def _take(given: Given, name: str, value: str | None, spelled: list[str] | None) -> None:
    if value is None:
        given.options.append(name)
    elif name == "--py-files":
        given.py_files.append(value)
    else:
        given.options += spelled or [name, value]
        if name in OPTION_OF:
            given.named[OPTION_OF[name]] = value
        elif name in ("--conf", "-c"):
            key, _, set_to = value.partition("=")
            given.conf[key.strip()] = set_to.strip()
        elif name == "--properties-file":
            given.file = value


def properties(given: Given, environment: Mapping[str, str], spark_home: Path) -> dict[str, str]:
    """All that Spark is told about this job, the strongest word of each: options, a file, the defaults."""
    found = {"spark.master": environment["MASTER"]} if environment.get("MASTER") else {}
    if "SPARK_DRIVER_MEMORY" in environment:
        found["spark.driver.memory"] = environment["SPARK_DRIVER_MEMORY"]
    if given.file is None or given.and_defaults:
        defaults = Path(environment.get("SPARK_CONF_DIR") or spark_home / "conf") / "spark-defaults.conf"
        found |= dict(_properties_of(defaults))
    if given.file is not None:
        found |= dict(_properties_of(Path(given.file)))
    return found | given.conf | given.named


def _properties_of(file: Path) -> Iterator[tuple[str, str]]:
    """The lines of a file of Java properties; nothing where it cannot be read: Spark says so itself."""
    try:
        text = file.read_text(encoding="utf8", errors="replace")
    except OSError:
        return
    for line in re.sub(r"\\\r?\n\s*", "", text).splitlines():
        if (entry := PROPERTY.fullmatch(line.strip())) and not line.lstrip().startswith(("#", "!")):
            yield entry[1], entry[2].strip()


def command(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """The command line of Spark's spark-submit and its environment."""
    given, home = parsed(arguments), spark_home(environment)
    known = properties(given, environment, home)
    python = str(ROOT / ".venv/bin/python")
    wanted = {"SPARK_HOME": str(home), "PYSPARK_PYTHON": python, "PYSPARK_DRIVER_PYTHON": python}
    defaults: list[str] = []
    if known.get("spark.master", "local").startswith("local"):
        wanted["SPARK_LOCAL_IP"] = "127.0.0.1"
        if "spark.driver.memory" not in known:
            defaults += ["--driver-memory", f"{_half_of_the_memory()}g"]
        if not any(name in known for name in JAVA_OPTIONS):
            defaults += ["--driver-java-options", PLAIN_JAVA]
    environment = {**wanted, **{name: value for name, value in environment.items() if value or name not in wanted}}
    if not given.job:  # --version, --help
        return [str(home / "bin/spark-submit"), *given.options], environment
    shipped = ",".join([str(zipped()), *given.py_files])
    return [str(home / "bin/spark-submit"), *defaults, *given.options, "--py-files", shipped, *given.job], environment


def spark_home(environment: Mapping[str, str]) -> Path:
    """The Spark that the user names, else that of the package pyspark.

    Raises:
        SystemExit: what SPARK_HOME names is no Spark, or one too old for the jobs.
    """
    named = environment.get("SPARK_HOME")
    if not named:
        import pyspark

        return Path(pyspark.__file__).parent
    home = Path(named)
    core = next(iter(sorted(home.glob("jars/spark-core_*.jar"))), None)
    if core is None or not (home / "bin/spark-submit").is_file():
        _stop(f"SPARK_HOME={named}: no Spark there (bin/spark-submit and jars/spark-core_*.jar); unset it, or name one")
    version = core.stem.rsplit("_", 1)[-1].partition("-")[2]
    if not version.startswith(f"{SPARK_MAJOR}."):
        _stop(f"SPARK_HOME={named} is Spark {version}, the jobs need Spark {SPARK_MAJOR}; unset it to use the package pyspark")
    return home


def zipped() -> Path:
    """The project as a zip for --py-files, where this user may write: in the checkout, in the cache, or in a new folder."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "uninote"
    for folder in (ROOT / ".build", cache / hashlib.sha256(str(ROOT).encode()).hexdigest()[:16]):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError:
            continue
        if os.access(folder, os.W_OK | os.X_OK) and "," not in str(folder):  # --py-files is split at commas
            return _zipped(folder)
    return _zipped(Path(tempfile.mkdtemp(prefix="uninote-")))


def _zipped(folder: Path) -> Path:
    """Replaced at once: another job may be reading it."""
    return zip_project(folder / f"{os.getpid()}.zip").replace(folder / "uninote.zip")


def _half_of_the_memory() -> int:
    """Of the machine, in GB, 2 to 16: Spark's own 1 GB is too little for a driver that is also the executor."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        total = 8 << 30
    return min(16, max(2, total // 2_048_000_000))


def _stop(message: str) -> None:
    sys.stderr.write(f"error: {message}\n")
    sys.exit(2)


if __name__ == "__main__":
    line, found = command(sys.argv[1:], os.environ)
    os.execve(line[0], line, found)
