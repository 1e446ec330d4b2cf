"""What all command lines have in common: settings in, exit codes out."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from schemas.credentials import refuse_credentials
from schemas.errors import StoreError, UninoteError
from schemas.settings import as_tree, load_settings

S = TypeVar("S")
USERS_MISTAKE, OURS = 2, 1
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
    arguments: Sequence[str] | None = None,
    program: str | None = None,
) -> None:
    """Read the command line into settings, run, and exit: 0 done, 2 the user's mistake in one line, 1 ours.

    A setting that holds a password, a key or a signature is refused before anything is done. A store that does not answer
    (StoreError) is 1, too, in one line.

    Args:
        kind: the settings.
        run: what is run.
        about: what it does, for --help.
        flags: dotted settings key to its flag: shorthands for --set.
        switches: the same for flags without a value; they set the key to true.
        mendable: of an error that is not ours to name: one line if the user can mend it (a full disk), else None.
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
        settings = load_settings(kind, given["config"], given["set"], {key: given[key] for key in (*flags, *switches)})
        refuse_credentials(as_tree(settings))
        run(settings)
    except UninoteError as error:
        _give_up(str(error))
    except StoreError as error:
        _give_up(str(error), OURS)
    except Exception as error:
        said = mendable(error)
        if said is None:
            raise
        _give_up(said)


def _give_up(said: str, code: int = USERS_MISTAKE) -> None:
    sys.stderr.write(f"error: {' '.join(said.split())}\n")
    sys.exit(code)
