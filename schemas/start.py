"""Program start and end: missing packages and signals give one line and an exit code, not a traceback.

Imports only the standard library, so that it can report that everything else is missing.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

USERS_MISTAKE = 2
OWN_PACKAGES = ("schemas", "pipelines", "small_encoder", "uninote_train", "jobs", "scripts", "benchmarks", "tests")
"""Our own packages: if a module of theirs is missing, that is a bug and keeps its traceback."""
LOCKS = ("mining", "models", "train")
"""Files of requirements/; each one needs those before it."""
ENDING = (signal.SIGTERM, signal.SIGHUP)
"""Signals that end a program as SIGINT does: a scheduler's preemption, a closed terminal."""


class Interrupted(KeyboardInterrupt):
    """A signal asked the program to end; `line` says what is kept and how to resume."""

    def __init__(self, number: int, line: str = "") -> None:
        """Store the signal's number and the line."""
        super().__init__(line)
        self.number, self.line = number, line


@contextmanager
def starting(requirements: str) -> Iterator[None]:
    """Wrap a program's imports, and end in one line if a package is missing or a signal asks for the end.

    Args:
        requirements: the last entry of LOCKS that the program needs.
    """
    try:
        with _handled((signal.SIGINT, *ENDING), _end_at_once):
            yield
    except ImportError as error:
        line = missing_package(error, requirements)
        if line is None:
            raise
        give_up(line)


@contextmanager
def interruptible() -> Iterator[None]:
    """Make the signals in ENDING raise `Interrupted` in the main thread while the block runs.

    SIGINT raises KeyboardInterrupt as usual. A signal that is ignored (nohup) or already has a handler is left alone.
    """

    def stop(number: int, _: FrameType | None) -> None:
        raise Interrupted(number)

    with _handled(ENDING, stop):
        yield


@contextmanager
def _handled(numbers: tuple[signal.Signals, ...], handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Set `handler` for those of the signals that have Python's own, while the block runs; in the main thread only."""
    before = {number: signal.getsignal(number) for number in numbers}
    changed = [n for n, former in before.items() if former in (signal.SIG_DFL, signal.default_int_handler)]
    try:
        for number in changed:
            signal.signal(number, handler)
    except ValueError:  # not the main thread, which alone may set handlers
        changed = []
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, before[number])


def _end_at_once(number: int, _: FrameType | None) -> None:
    """End during imports without an exception: inside a C++ module's start, as torch's, one would abort the process."""
    os.write(2, f"interrupted by {signal.Signals(number).name}: nothing was done yet\n".encode())
    os._exit(128 + number)


def missing_package(error: ImportError, requirements: str) -> str | None:
    """Describe a package that is missing or does not load, and what to install; None for our own modules."""
    package = (error.name or "").split(".")[0]
    if package in OWN_PACKAGES:
        return None
    what = f"package '{package}'" if package else "package"
    absent = isinstance(error, ModuleNotFoundError)
    fault = f"the {what} is not installed" if absent else f"the {what} cannot be loaded ({error})"
    files = " ".join(f"-r requirements/{name}.txt" for name in LOCKS[: LOCKS.index(requirements) + 1])
    pip = f"{sys.executable} -m pip install {files}"
    return f"{fault} for {sys.executable}; install what this command needs with `{pip}`, or run it with .venv/bin/python"


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
        stop: the interrupt; an `Interrupted` may carry its own line.
        line: the message if it does not.

    Raises:
        SystemExit: always.
    """
    number = stop.number if isinstance(stop, Interrupted) else signal.SIGINT
    message = stop.line if isinstance(stop, Interrupted) and stop.line else line
    sys.stderr.write(f"interrupted by {signal.Signals(number).name}: {' '.join(message.split())}\n")
    sys.exit(128 + number)
