"""How a program starts and ends: packages that are missing and signals are one line and an exit code, not a traceback.

Imports the standard library alone, so that it can say that everything else is missing.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

USERS_MISTAKE = 2
OURS = ("schemas", "pipelines", "small_encoder", "uninote_train", "jobs", "scripts", "benchmarks", "tests")
"""A module of these that is missing is a fault of ours and keeps its traceback."""
LOCKS = ("mining", "models", "train")
"""Files of requirements/, each on top of those before it."""
ENDING = (signal.SIGTERM, signal.SIGHUP)
"""Signals that end a program as SIGINT does: a scheduler's preemption, a closed terminal."""


class Interrupted(KeyboardInterrupt):
    """A signal has asked the program to end; `line` says what is kept and how to go on."""

    def __init__(self, number: int, line: str = "") -> None:
        """Keep both."""
        super().__init__(line)
        self.number, self.line = number, line


@contextmanager
def starting(requirements: str) -> Iterator[None]:
    """Around a program's imports.

    Args:
        requirements: of LOCKS, the last that the program needs.
    """
    try:
        yield
    except KeyboardInterrupt as stop:
        give_up_interrupted(stop, "nothing was done yet")
    except ImportError as error:
        line = missing_package(error, requirements)
        if line is None:
            raise
        give_up(line)


@contextmanager
def interruptible() -> Iterator[None]:
    """While the block runs, ENDING raise `Interrupted` in the main thread, as SIGINT raises KeyboardInterrupt.

    One that is ignored (nohup) or has a handler already stays as it is.
    """

    def stop(number: int, _: FrameType | None) -> None:
        raise Interrupted(number)

    changed = [number for number in ENDING if signal.getsignal(number) is signal.SIG_DFL]
    try:
        for number in changed:
            signal.signal(number, stop)
    except ValueError:  # not the main thread: signals are somebody else's
        changed = []
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)


def missing_package(error: ImportError, requirements: str) -> str | None:
    """One line for a package that is not there or does not load, and what to install; None for a module of ours."""
    package = (error.name or "").split(".")[0]
    if package in OURS:
        return None
    what = f"package '{package}'" if package else "package"
    absent = isinstance(error, ModuleNotFoundError)
    found = f"the {what} is not installed" if absent else f"the {what} cannot be loaded ({error})"
    files = " ".join(f"-r requirements/{name}.txt" for name in LOCKS[: LOCKS.index(requirements) + 1])
    pip = f"{sys.executable} -m pip install {files}"
    return f"{found} for {sys.executable}; install what this command needs with `{pip}`, or run it with .venv/bin/python"


def give_up(line: str, code: int = USERS_MISTAKE) -> None:
    """End the program with one line.

    Raises:
        SystemExit: always.
    """
    sys.stderr.write(f"error: {' '.join(line.split())}\n")
    sys.exit(code)


def give_up_interrupted(stop: KeyboardInterrupt, line: str) -> None:
    """End the program with one line and the exit code of shells: 130 after SIGINT, 143 after SIGTERM.

    Args:
        stop: an `Interrupted` may bring its own line.
        line: what is said otherwise.

    Raises:
        SystemExit: always.
    """
    number = stop.number if isinstance(stop, Interrupted) else signal.SIGINT
    said = stop.line if isinstance(stop, Interrupted) and stop.line else line
    sys.stderr.write(f"interrupted by {signal.Signals(number).name}: {' '.join(said.split())}\n")
    sys.exit(128 + number)
