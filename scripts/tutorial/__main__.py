"""Run docs/tutorial.md.

    python -m scripts.tutorial             run its blocks here, on the sample corpus: `make demo`
    python -m scripts.tutorial --list      print the first screen and exit
    python -m scripts.tutorial --write     run in a new folder, and write the new numbers and seconds into the page

Exits with 1 if a command fails, or if its output differs from the page and there was no out/ before.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from scripts.tutorial.page import PAGE, ROOT, Step, read
from scripts.tutorial.rewrite import rewritten
from scripts.tutorial.run import complaint, lay_out, run
from scripts.tutorial.screens import closing, opening


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="list what would run and exit")
    parser.add_argument("--write", action="store_true", help="write the new output into the page; use a quiet machine")
    arguments = parser.parse_args()
    steps = read(PAGE.read_text(encoding="utf8"))
    _write_line(opening(steps, ROOT))
    if arguments.list:
        return 0
    return _write(steps) if arguments.write else _demo(steps)


def _demo(steps: list[Step]) -> int:
    again = (ROOT / "out").exists()
    if again:
        _write_line("out/ exists: finished stages are skipped and say so, so that the output of commands differs from")
        _write_line("that on the page. `rm -rf out` starts the tutorial again.\n")
    ran = []
    for each in run((block for step in steps for block in step.blocks), ROOT, _write_line):
        ran.append(each)
        if each.code:
            _write_line(f"\n{complaint(each)}\nStopped. Errors and what to do: docs/how-to/troubleshoot.md.")
            return 1
    _write_line("\n" + "=" * 100 + "\n" + closing(ROOT / "out", ran, steps))
    return 1 if any(each.off for each in ran) and not again else 0


def _write(steps: list[Step]) -> int:
    """Write new numbers into the page; lines whose words changed are printed, to be edited by hand."""
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder))
        for each in run((block for step in steps for block in step.blocks), Path(folder), _write_line):
            PAGE.write_text(rewritten(PAGE.read_text(encoding="utf8"), each.block, each.printed, each.seconds), encoding="utf8")
            _write_line(complaint(each))
            if each.code:
                return 1
    return 0


def _write_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
