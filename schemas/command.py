"""The common command line of all programs: parses settings, and turns errors into exit codes."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from schemas.credentials import refuse_credentials
from schemas.errors import StoreError, UninoteError
from schemas.settings import as_tree, load_settings
from schemas.start import give_up, give_up_interrupted, interruptible, missing_package

S = TypeVar("S")
OTHER_ERROR = 1
"""Exit code of errors that the user did not cause."""
Flag = tuple[str, str] | tuple[str, str, str]
"""(flag, help), or (flag, help, metavar) if the value is not a URI."""


def run_command(
    kind: type[S],
    run: Callable[[S], None],
    about: str,
    flags: Mapping[str, Flag],
    switches: Mapping[str, tuple[str, str]] = MappingProxyType({}),
    *,
    user_message: Callable[[BaseException], str | None],
    requirements: str,
    resume_hint: str,
    arguments: Sequence[str] | None = None,
    program: str | None = None,
) -> None:
    """Parse settings, run, and exit: 0 success, 2 user error in one line, 1 any other error, 130 interrupted.

    A setting that contains a password, a key or a signature is rejected before the program runs. A store that does not answer
    (StoreError) exits with 1, also in one line.

    Args:
        kind: class of the settings.
        run: the program.
        about: description, for --help.
        flags: dotted settings key to its flag, a shorthand for --set.
        switches: the same for flags without a value, which set the key to true.
        user_message: describes an error of another library in one line if the user can fix it (a full disk), else None.
        requirements: the last entry of `start.LOCKS` that the program needs.
        resume_hint: what is kept after an interrupt and how to resume, unless `run` raises an `Interrupted` with its own line.
        arguments: the command line; None: the process's own.
        program: name for --help; None: the script's name.
    """
    parser = argparse.ArgumentParser(prog=program, description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, metavar="FILE.toml", help="settings file; flags and --set override it")
    parser.add_argument("--set", action="append", default=[], metavar="section.key=value", help="one setting; repeatable")
    for key, (flag, text, *what) in flags.items():
        parser.add_argument(flag, dest=key, metavar=what[0] if what else "URI", help=text)
    for key, (flag, text) in switches.items():
        parser.add_argument(flag, dest=key, action="store_true", default=None, help=text)
    options = vars(parser.parse_args(arguments))
    try:
        with interruptible():
            settings = load_settings(
                kind, options["config"], options["set"], {key: options[key] for key in (*flags, *switches)}
            )
            refuse_credentials(as_tree(settings))
            run(settings)
    except KeyboardInterrupt as stop:
        give_up_interrupted(stop, resume_hint)
    except UninoteError as error:
        give_up(str(error))
    except StoreError as error:
        give_up(str(error), OTHER_ERROR)
    except Exception as error:
        line = missing_package(error, requirements) if isinstance(error, ImportError) else user_message(error)
        _give_up_if_explained(error, line, resume_hint)
        raise


def _give_up_if_explained(error: Exception, line: str | None, resume_hint: str) -> None:
    """End in one line if an interrupt caused the error or the user can fix it; else return."""
    interrupt = _causing_interrupt(error)
    if interrupt is not None:
        give_up_interrupted(interrupt, resume_hint)
    if line is not None:
        give_up(line)


def _causing_interrupt(error: BaseException) -> KeyboardInterrupt | None:
    """Find the interrupt in an error's chain of causes: an engine that is torn down raises errors of its own."""
    cause: BaseException | None = error
    for _ in range(20):
        if isinstance(cause, KeyboardInterrupt):
            return cause
        cause = cause.__cause__ or cause.__context__ if cause is not None else None
    return None
