"""What all command lines have in common: settings in, exit codes out."""

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
OURS = 1
"""Exit code of what is not the user's mistake."""
Flag = tuple[str, str] | tuple[str, str, str]
"""(flag, help), and what its value is where that is no URI."""


def run_command(
    kind: type[S],
    run: Callable[[S], None],
    about: str,
    flags: Mapping[str, Flag],
    switches: Mapping[str, tuple[str, str]] = MappingProxyType({}),
    *,
    mendable: Callable[[BaseException], str | None],
    requirements: str,
    go_on: str,
    arguments: Sequence[str] | None = None,
    program: str | None = None,
) -> None:
    """Read the command line into settings, run, and exit: 0 done, 2 the user's mistake in one line, 1 ours, 130 interrupted.

    A setting that holds a password, a key or a signature is refused before anything is done. A store that does not answer
    (StoreError) is 1, too, in one line.

    Args:
        kind: the settings.
        run: what is run.
        about: what it does, for --help.
        flags: dotted settings key to its flag: shorthands for --set.
        switches: the same for flags without a value; they set the key to true.
        mendable: of an error that is not ours to name: one line if the user can mend it (a full disk), else None.
        requirements: of `start.LOCKS`, the last that the program needs.
        go_on: what is kept when it is interrupted and how to go on, unless `run` says it itself by an `Interrupted`.
        arguments: the command line; None: the process's own.
        program: how it is called, for --help; None: the script's name.
    """
    parser = argparse.ArgumentParser(prog=program, description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, metavar="FILE.toml", help="settings; flags and --set beat it")
    parser.add_argument("--set", action="append", default=[], metavar="section.key=value", help="one setting; may stand often")
    for key, (flag, text, *what) in flags.items():
        parser.add_argument(flag, dest=key, metavar=what[0] if what else "URI", help=text)
    for key, (flag, text) in switches.items():
        parser.add_argument(flag, dest=key, action="store_true", default=None, help=text)
    given = vars(parser.parse_args(arguments))
    try:
        with interruptible():
            settings = load_settings(kind, given["config"], given["set"], {key: given[key] for key in (*flags, *switches)})
            refuse_credentials(as_tree(settings))
            run(settings)
    except KeyboardInterrupt as stop:
        give_up_interrupted(stop, go_on)
    except UninoteError as error:
        give_up(str(error))
    except StoreError as error:
        give_up(str(error), OURS)
    except Exception as error:
        line = missing_package(error, requirements) if isinstance(error, ImportError) else mendable(error)
        _give_up_unless_ours(error, line, go_on)
        raise


def _give_up_unless_ours(error: Exception, line: str | None, go_on: str) -> None:
    """End in one line where the error follows from an interrupt, or the user can mend it."""
    stopped = _interrupt_behind(error)
    if stopped is not None:
        give_up_interrupted(stopped, go_on)
    if line is not None:
        give_up(line)


def _interrupt_behind(error: BaseException) -> KeyboardInterrupt | None:
    """The interrupt that an error was raised in answer to: an engine that is torn down complains of that first."""
    found: BaseException | None = error
    for _ in range(20):
        if isinstance(found, KeyboardInterrupt):
            return found
        found = found.__cause__ or found.__context__ if found is not None else None
    return None
