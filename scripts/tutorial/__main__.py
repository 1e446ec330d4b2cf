"""Run docs/tutorial.md.

    python -m scripts.tutorial             its blocks, here, on the sample corpus: `make demo`
    python -m scripts.tutorial --list      the first screen, and end
    python -m scripts.tutorial --write     the same in a new folder, and its numbers and seconds into the page

Exits with 1 when a command fails, or prints something else than the page says where there was no out/ before.
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
    parser.add_argument("--list", action="store_true", help="say what would run, and end")
    parser.add_argument("--write", action="store_true", help="write what is printed now into the page; on a quiet machine")
    given = parser.parse_args()
    steps = read(PAGE.read_text(encoding="utf8"))
    _tell(opening(steps, ROOT))
    if given.list:
        return 0
    return _write(steps) if given.write else _demo(steps)


def _demo(steps: list[Step]) -> int:
    again = (ROOT / "out").exists()
    if again:
        _tell("out/ is there: what it holds is not made again, and a command that had nothing to do says so instead of what")
        _tell("the page says. `rm -rf out` makes the tutorial begin anew.\n")
    ran = []
    for each in run((block for step in steps for block in step.blocks), ROOT, _tell):
        ran.append(each)
        if each.code:
            _tell(f"\n{complaint(each)}\nStopped. docs/tutorial.md has a table of errors.")
            return 1
    _tell("\n" + "=" * 100 + "\n" + closing(ROOT / "out", ran, steps))
    return 1 if any(each.off for each in ran) and not again else 0


def _write(steps: list[Step]) -> int:
    """New numbers for the page; what it says in other words is told, and changed by hand."""
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder))
        for each in run((block for step in steps for block in step.blocks), Path(folder), _tell):
            PAGE.write_text(rewritten(PAGE.read_text(encoding="utf8"), each.block, each.printed, each.seconds), encoding="utf8")
            _tell(complaint(each))
            if each.code:
                return 1
    return 0


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
