"""docs/results/benchmarks.md from benchmarks/results/peers.json: nothing on the page that is not in the file."""

from typing import Any

from benchmarks.peers.show import TAKEN, table

HEAD = """# Against peers, and how each step grows

Written by `make bench` from [benchmarks/results/peers.json](../../benchmarks/results/peers.json); do not edit. What the tables
mean, and why a peer wins where one does: [measured](performance.md#against-peers).

Each contender works in a process of its own, one after the other, on all cores unless it has but one thread. Imports, the start
of a JVM and of worker processes are left out of everyone's time; reading and decoding are in it. Peak memory is the sum of the
resident sets of the process and all below it, shared pages counted more than once. Where the machine was shared (load above the
number of cores), core seconds say more than seconds. `-`: it has no such thing.
"""


def page(results: dict[str, Any]) -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_section(step) for step in results["steps"].values()), _versions(results["versions"])])


def _section(step: dict[str, Any]) -> str:
    shown = table(step["rows"], step["columns"], () if step["sized"] else tuple(TAKEN))
    ran = step["machine"]
    made = f"{ran['when']}, commit {ran['commit']}; {ran['machine']}; Python {ran['python']}; {ran['java']}; {ran['load']}."
    command = f"<!-- not run here: minutes to an hour -->\n```bash\n{step['command']}\n```"
    return f"## {step['title']}\n\n{step['about']}\n\n{command}\n\n{shown}\n\n{made}\n"


def _versions(versions: dict[str, str]) -> str:
    listed = ", ".join(f"{name} {number}" for name, number in versions.items())
    return f"## Versions\n\n{listed}\n"
