"""Train and evaluate an encoder on shards.

    python -m uninote_train sft [--shards DIR] [--out DIR] [--config FILE.toml] [--set section.key=value ...]
    python -m uninote_train rl  [--shards DIR] [--out DIR] [--config FILE.toml] [--set section.key=value ...]
    torchrun --nproc-per-node 8 -m uninote_train sft ...
    python -m uninote_train evaluate [--shards DIR] [--out DIR] [--name NAME] [--vectors DIR | --write-items DIR] [--set ...]

Start a killed run again with the same command: it resumes from its last checkpoint. Settings: docs/reference/settings/.
"""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from schemas.start import USERS_MISTAKE, starting

S = TypeVar("S")
Flag = tuple[str, str] | tuple[str, str, str]
"""As schemas.command.Flag, which is not imported before its packages are known to be installed."""
FLAGS: Mapping[str, Flag] = {
    "shards": ("--shards", "the folder of shards that jobs/build_shards.py wrote"),
    "out": ("--out", "a local folder for checkpoints, logs and the model"),
}
EVALUATE_FLAGS: Mapping[str, Flag] = {
    "shards": ("--shards", "the folder of SFT shards that jobs/build_shards.py wrote"),
    "out": ("--out", "a local folder for metrics, page and plots of all systems evaluated into it"),
    "name": ("--name", "name of the system in the tables", "NAME"),
    "vectors": ("--vectors", "a folder of vectors from another encoder, instead of a model"),
    "write_items": ("--write-items", "only write the items to encode to this folder, for another encoder"),
}
COMMANDS = ("sft", "rl", "evaluate")


GO_ON = "finished work is kept; start the same command again"
REQUIREMENTS = "train"


def main() -> None:
    """Run the command that is named first; only its own modules are imported."""
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command in ("-h", "--help"):
        sys.stdout.write(__doc__ or "")
        return
    if command not in COMMANDS:
        sys.stderr.write(f"error: '{command}': expected one of {', '.join(COMMANDS)}; see --help\n")
        sys.exit(USERS_MISTAKE)
    with starting(REQUIREMENTS):
        run = _imported(command)
    run()


def _imported(command: str) -> Callable[[], None]:
    """The function that runs a command."""
    if command == "sft":
        from uninote_train.settings import TrainSft
        from uninote_train.train import train_sft

        return partial(_run, command, TrainSft, train_sft, FLAGS)
    if command == "rl":
        from uninote_train.settings import TrainRl
        from uninote_train.train import train_rl

        return partial(_run, command, TrainRl, train_rl, FLAGS)
    from uninote_train.evaluation.command import Evaluate, evaluate

    return partial(_run, command, Evaluate, evaluate, EVALUATE_FLAGS)


def _run(command: str, kind: type[S], run: Callable[[S], None], flags: Mapping[str, Flag]) -> None:
    with starting(REQUIREMENTS):
        from schemas.command import run_command
        from uninote_train.run.error_messages import user_message

    run_command(
        kind,
        run,
        __doc__ or "",
        flags,
        user_message=user_message,
        requirements=REQUIREMENTS,
        resume_hint=GO_ON,
        arguments=sys.argv[2:],
        program=f"python -m uninote_train {command}",
    )


if __name__ == "__main__":
    main()
