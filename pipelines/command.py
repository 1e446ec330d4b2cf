"""The jobs' command line: `schemas.command`, which the trainer shares, and what the machine refuses a job in one line."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from pipelines.workspace.faults import told
from schemas.command import run_command

S = TypeVar("S")


def run_job(
    kind: type[S],
    run: Callable[[S], None],
    about: str,
    flags: Mapping[str, tuple[str, str] | tuple[str, str, str]],
    switches: Mapping[str, tuple[str, str]] = MappingProxyType({}),
) -> None:
<<<<<<< HEAD
    """As `run_command`."""
    run_command(kind, run, about, flags, switches, mendable=told)
=======
    """Read the command line into settings, run, and exit: 0 done, 2 the user's mistake in one line, 1 ours.

    Args:
        kind: the job's settings.
        run: the job.
        about: what it does, for --help.
        flags: dotted settings key to (flag, help): shorthands for --set; a third says what its value is, when it is no URI.
        switches: the same for flags without a value; they set the key to true.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, metavar="FILE.toml", help="settings; flags and --set beat it")
    parser.add_argument("--set", action="append", default=[], metavar="section.key=value", help="one setting; may stand often")
    for key, (flag, text, *what) in flags.items():
        parser.add_argument(flag, dest=key, metavar=what[0] if what else "URI", help=text)
    for key, (flag, text) in switches.items():
        parser.add_argument(flag, dest=key, action="store_true", default=None, help=text)
    given = vars(parser.parse_args())
    try:
        run(load_settings(kind, given["config"], given["set"], {key: given[key] for key in (*flags, *switches)}))
    except UninoteError as error:
        _give_up(str(error))
    except Exception as error:
        mendable = told(error)
        if mendable is None:
            raise
        _give_up(mendable)


def _give_up(said: str) -> None:
    sys.stderr.write(f"error: {' '.join(said.split())}\n")
    sys.exit(USERS_MISTAKE)
>>>>>>> shards
