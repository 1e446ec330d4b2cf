"""Calls Spark's spark-submit for spark-submit.sh: adds the project's code, and defaults for jobs on this machine.

    python scripts/submit.py [spark-submit's options] jobs/mine_pairs.py [the job's options]

Spark and its master are configured by the user in any of the usual ways: SPARK_HOME, --master, --conf spark.master, a
properties file, $SPARK_CONF_DIR/spark-defaults.conf, MASTER. Only a local master gets a local address, half of the memory and
Java options for a single machine.
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

from pipelines.engines.java_options import java_options  # noqa: E402
from pipelines.engines.spark_session import zip_project  # noqa: E402

SPARK_MAJOR = 4
SWITCHES = {"--supervise", "--verbose", "-v", "--help", "-h", "--usage-error", "--version", "--load-spark-defaults"}
"""Options of spark-submit without a value; all others have one."""
JAVA_OPTIONS = ("spark.driver.extraJavaOptions", "spark.driver.defaultJavaOptions")
OPTION_OF = {"--master": "spark.master", "--driver-memory": "spark.driver.memory", "--driver-java-options": JAVA_OPTIONS[0]}
PROPERTY = re.compile(r"([^\s=:]+)\s*[=:]?\s*(.*)")


@dataclass
class SubmitArguments:
    """A parsed command line of spark-submit."""

    options: list[str] = field(default_factory=list)
    """Spark's options, without --py-files."""
    py_files: list[str] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)
    """Properties set by dedicated options, by Spark's names."""
    conf: dict[str, str] = field(default_factory=dict)
    """Properties set by --conf; the last one counts, and dedicated options override it."""
    file: str | None = None
    """Value of --properties-file."""
    and_defaults: bool = False
    """Whether spark-defaults.conf is loaded in addition."""
    job: list[str] = field(default_factory=list)
    """The job's file and its options."""


def parsed(arguments: Sequence[str]) -> SubmitArguments:
    """Parse a command line as spark-submit does: options end at the first word that is not one."""
    parts, words = SubmitArguments(), iter(arguments)
    for word in words:
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if not word.startswith("-"):
            parts.job = [word, *words]
        elif word in SWITCHES:
            parts.and_defaults |= word == "--load-spark-defaults"
            parts.options.append(word)
        else:
            _take(parts, name, value if equals else next(words, None), [word] if equals else None)
    return parts


def _take(parts: SubmitArguments, name: str, value: str | None, spelled: list[str] | None) -> None:
    if value is None:
        parts.options.append(name)
    elif name == "--py-files":
        parts.py_files.append(value)
    else:
        parts.options += spelled or [name, value]
        if name in OPTION_OF:
            parts.named[OPTION_OF[name]] = value
        elif name in ("--conf", "-c"):
            key, _, set_to = value.partition("=")
            parts.conf[key.strip()] = set_to.strip()
        elif name == "--properties-file":
            parts.file = value


def properties(parts: SubmitArguments, environment: Mapping[str, str], spark_home: Path) -> dict[str, str]:
    """Collect the properties of this job by precedence: options, a file, the defaults."""
    values = {"spark.master": environment["MASTER"]} if environment.get("MASTER") else {}
    if "SPARK_DRIVER_MEMORY" in environment:
        values["spark.driver.memory"] = environment["SPARK_DRIVER_MEMORY"]
    if parts.file is None or parts.and_defaults:
        defaults = Path(environment.get("SPARK_CONF_DIR") or spark_home / "conf") / "spark-defaults.conf"
        values |= dict(_properties_of(defaults))
    if parts.file is not None:
        values |= dict(_properties_of(Path(parts.file)))
    return values | parts.conf | parts.named


def _properties_of(file: Path) -> Iterator[tuple[str, str]]:
    """Parse a file of Java properties; yields nothing if it cannot be read, since Spark reports that itself."""
    try:
        text = file.read_text(encoding="utf8", errors="replace")
    except OSError:
        return
    for line in re.sub(r"\\\r?\n\s*", "", text).splitlines():
        if (entry := PROPERTY.fullmatch(line.strip())) and not line.lstrip().startswith(("#", "!")):
            yield entry[1], entry[2].strip()


def command(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Build the command line of Spark's spark-submit, and its environment."""
    parts, home = parsed(arguments), spark_home(environment)
    configured = properties(parts, environment, home)
    python = str(ROOT / ".venv/bin/python")
    variables = {"SPARK_HOME": str(home), "PYSPARK_PYTHON": python, "PYSPARK_DRIVER_PYTHON": python}
    defaults: list[str] = []
    if configured.get("spark.master", "local").startswith("local"):
        variables["SPARK_LOCAL_IP"] = "127.0.0.1"
        if "spark.driver.memory" not in configured:
            defaults += ["--driver-memory", f"{_half_of_the_memory()}g"]
        if not any(name in configured for name in JAVA_OPTIONS):
            defaults += ["--driver-java-options", java_options()]
    environment = {**variables, **{name: value for name, value in environment.items() if value or name not in variables}}
    if not parts.job:  # --version, --help
        return [str(home / "bin/spark-submit"), *parts.options], environment
    shipped = ",".join([str(zipped()), *parts.py_files])
    return [str(home / "bin/spark-submit"), *defaults, *parts.options, "--py-files", shipped, *parts.job], environment


def spark_home(environment: Mapping[str, str]) -> Path:
    """Locate Spark: SPARK_HOME, else the package pyspark.

    Raises:
        SystemExit: SPARK_HOME is not a Spark installation, or one of an unsupported version.
    """
    named = environment.get("SPARK_HOME")
    if not named:
        import pyspark

        return Path(pyspark.__file__).parent
    home = Path(named)
    core = next(iter(sorted(home.glob("jars/spark-core_*.jar"))), None)
    if core is None or not (home / "bin/spark-submit").is_file():
        _stop(f"SPARK_HOME={named}: expected a Spark (bin/spark-submit, jars/spark-core_*.jar); unset or correct it")
    version = core.stem.rsplit("_", 1)[-1].partition("-")[2]
    if not version.startswith(f"{SPARK_MAJOR}."):
        _stop(f"SPARK_HOME={named} is Spark {version}, the jobs need Spark {SPARK_MAJOR}; unset it to use the package pyspark")
    return home


def zipped() -> Path:
    """Create the project's zip for --py-files in the first writable place: the checkout, the cache, or a temporary folder."""
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
    """Write the zip and replace the old one atomically, since another job may be reading it."""
    return zip_project(folder / f"{os.getpid()}.zip").replace(folder / "uninote.zip")


def _half_of_the_memory() -> int:
    """Return half of the machine's memory in GB, 2 to 16: Spark's default of 1 GB is too little for a local driver."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        total = 8 << 30
    return min(16, max(2, total // 2_048_000_000))


def _stop(message: str) -> None:
    sys.stderr.write(f"error: {message}\n")
    sys.exit(2)


if __name__ == "__main__":
    line, environment = command(sys.argv[1:], os.environ)
    os.execve(line[0], line, environment)
