"""From measured points to exponents and to what 100 M notes cost."""

import math
from collections.abc import Iterable
from typing import Any

from benchmarks.peers.measure import Row

FAR = 100_000_000
COLUMNS = (
    "seconds",
    "core_seconds",
    "peak_MiB",
    "shuffled_MiB",
    "exponent",
    "last_step",
    "core_hours_at_100_M",
    "shuffled_at_100_M",
)
Point = dict[str, Any]


def summed(points: Iterable[Point]) -> list[Row]:
    """One row a step: its numbers at each size, the slopes of log core seconds, and the last step carried on to 100 M.

    What a note more costs is (last - one before) / (notes between): the fixed cost of starting falls out. Up to a last
    exponent of 1.1 it is multiplied by 100 M; above, the power law is carried on from the largest size, which is no more than
    a warning.
    """
    steps: dict[str, list[Point]] = {}
    for point in points:
        steps.setdefault(point["step"], []).append(point)
    return [_row(step, sorted(rows, key=lambda p: p["size"])) for step, rows in steps.items()]


def _row(step: str, points: list[Point]) -> Row:
    sizes = " / ".join(f"{p['size']:,}" for p in points)
    faults = [p["fault"] for p in points if p.get("fault")]
    if faults:
        return {"who": step, "how": sizes, "fault": faults[0]}
    row: Row = {"who": step, "how": sizes, "fault": None}
    shown = {"seconds": "seconds", "core_s": "core_seconds", "peak_mib": "peak_MiB", "shuffled_mib": "shuffled_MiB"}
    row |= {to: " / ".join(str(p[key]) for p in points) for key, to in shown.items() if points[0][key] is not None}
    if len(points) < 2:
        return row
    last = slope(points[-2:], "core_s")
    row |= {"exponent": round(slope(points, "core_s"), 2), "last_step": round(last, 2)}
    hours = far(points, "core_s", last) / 3600
    row["core_hours_at_100_M"] = f"{hours:,.0f}" if hours >= 10 else f"{hours:.1f}"
    if points[0]["shuffled_mib"] is not None:
        row["shuffled_at_100_M"] = f"{far(points, 'shuffled_mib', 1.0) / 1024:,.0f} GiB"
    return row


def slope(points: list[Point], key: str) -> float:
    """Least squares of log `key` over log size."""
    x, y = ([math.log(max(p[k], 1e-3)) for p in points] for k in ("size", key))
    middle = sum(x) / len(x), sum(y) / len(y)
    return sum((a - middle[0]) * (b - middle[1]) for a, b in zip(x, y, strict=True)) / sum((a - middle[0]) ** 2 for a in x)


def far(points: list[Point], key: str, exponent: float) -> float:
    """`key` at 100 M."""
    before, after = points[-2:]
    if exponent > 1.1:
        return float(after[key] * (FAR / after["size"]) ** exponent)
    return float(max(0.0, after[key] - before[key]) / (after["size"] - before["size"]) * FAR)
