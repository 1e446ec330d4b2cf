"""Formats rows as a Markdown table."""

from collections.abc import Sequence
from typing import Any

from benchmarks.peers.measure import Row

TAKEN = {"seconds": "seconds", "core_s": "core seconds", "peak_mib": "peak MiB"}


def table(rows: Sequence[Row], columns: Sequence[str], taken: Sequence[str] = tuple(TAKEN)) -> str:
    """Format name, variant, the step's columns and cost. `-`: not available; a failure is shown after the variant."""
    names = [*columns, *taken]
    lines = [" | ".join(["| who", "how", *[TAKEN.get(n, n.replace("_", " ")) for n in names]]) + " |"]
    lines.append("|---" * (len(names) + 2) + "|")
    for row in rows:
        how = f"{row['how']} – **not run**: {row['fault']}" if row.get("fault") else row["how"]
        lines.append(" | ".join([f"| {row['who']}", how.replace("|", "/"), *[_cell(row.get(n)) for n in names]]) + " |")
    return "\n".join(lines)


def _cell(value: Any) -> str:  # noqa: ANN401
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else str(value)
