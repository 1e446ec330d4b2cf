"""Mine a sample corpus, train a small network on it in every way of the paper's ablations, and print its tables.

    python -m benchmarks.reproduce [--work DIR] [--notes N] [--seeds K] [--steps S] [--rl-steps S] [--page FILE.md]

Resumable: whatever has finished is skipped. Two trainings at a time with one thread each.
Numbers: docs/results/paper-tables.md.
"""

import argparse
import dataclasses
import sys
from pathlib import Path

from benchmarks.reproduce.plan import ARMS, SHIPS, START, Plan
from benchmarks.reproduce.run import CommandError, corpus, numbers, start, trainings
from benchmarks.reproduce.tables import mean_of_all, page

BEGIN, END = "<!-- made by `make reproduce` -->\n", "<!-- end -->\n"


def main() -> None:
    """Run all steps and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("out/reproduce"), help="a folder for everything (out/reproduce)")
    parser.add_argument("--page", type=Path, help="a Markdown page whose part between the marks is written again")
    for name, default in dataclasses.asdict(Plan()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    options = vars(parser.parse_args())
    work, target = options.pop("work").absolute(), options.pop("page")
    plan = Plan(**options)
    try:
        corpus(work, plan)
        start(work, plan)
        trainings(work, plan)
    except CommandError as error:
        sys.exit(f"error: {error}")
    found = {arm.name: [numbers(work, f"{arm.name}-{seed}") for seed in range(plan.seeds)] for arm in ARMS}
    tables = page({SHIPS: [numbers(work, SHIPS)], START: [numbers(work, START)], **found})
    (work / "tables.md").write_text(tables)
    if target:
        text = target.read_text()
        before, after = text.split(BEGIN)[0], text.split(END)[1]
        target.write_text(f"{before}{BEGIN}\n{tables}\n{END}{after}")
    best = max(((mean_of_all(one), f"{arm}-{seed}") for arm, several in found.items() for seed, one in enumerate(several)))
    print(f"{tables}\n{work / 'tables.md'}; best by the mean of the meta tasks: {work / 'trained' / best[1] / 'model'}")


if __name__ == "__main__":
    main()
