"""Train and evaluate an encoder on shards.

    python -m uninote_train sft [--shards DIR] [--out DIR] [--config FILE.toml] [--set section.key=value ...]
    python -m uninote_train rl  [--shards DIR] [--out DIR] [--config FILE.toml] [--set section.key=value ...]
    torchrun --nproc-per-node 8 -m uninote_train sft ...
    python -m uninote_train evaluate [--shards DIR] [--out DIR] [--name NAME] [--vectors DIR | --write-items DIR] [--set ...]

A run that was killed goes on where it was when it is started again. Settings: docs/settings.md.
"""

import sys
from collections.abc import Callable, Mapping
from typing import TypeVar

from schemas.command import USERS_MISTAKE, run_command

S = TypeVar("S")
FLAGS = {
    "shards": ("--shards", "the folder of shards that jobs/build_shards.py wrote"),
    "out": ("--out", "a local folder for checkpoints, logs and the model"),
}
EVALUATE_FLAGS = {
    "shards": ("--shards", "the folder of SFT shards that jobs/build_shards.py wrote"),
    "out": ("--out", "a local folder for the numbers, the page and the plots; all systems in it share them"),
    "name": ("--name", "of the system in the tables"),
    "vectors": ("--vectors", "a folder of another encoder's vectors, instead of a model"),
    "write_items": ("--write-items", "a folder to write the items to, for another encoder; nothing else is done"),
}
COMMANDS = ("sft", "rl", "evaluate")


def main() -> None:
    """Hand the command line to its stage; only what it needs is imported."""
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command == "sft":
        from uninote_train.settings import TrainSft
        from uninote_train.train import train_sft

        _run(command, TrainSft, train_sft, FLAGS)
    elif command == "rl":
        from uninote_train.settings import TrainRl
        from uninote_train.train import train_rl

        _run(command, TrainRl, train_rl, FLAGS)
    elif command == "evaluate":
        from uninote_train.evaluation.command import Evaluate, evaluate

        _run(command, Evaluate, evaluate, EVALUATE_FLAGS)
    elif command in ("-h", "--help"):
        sys.stdout.write(__doc__ or "")
    else:
        sys.stderr.write(f"error: '{command}': wanted one of {', '.join(COMMANDS)}; --help says more\n")
        sys.exit(USERS_MISTAKE)


def _run(command: str, kind: type[S], run: Callable[[S], None], flags: Mapping[str, tuple[str, str]]) -> None:
    from uninote_train.run.faults import told

    program = f"python -m uninote_train {command}"
    run_command(kind, run, __doc__ or "", flags, mendable=told, arguments=sys.argv[2:], program=program)


if __name__ == "__main__":
    main()
