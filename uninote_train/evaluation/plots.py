"""Two plots of all systems: recall by dimension, recall by task. SVG and PNG."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from uninote_train.evaluation.results_table import TASK_ORDER, Systems, mean_of_meta

COLOURS = ("#1b6ca8", "#d1495b", "#3a7d44", "#edae49", "#6a4c93", "#5c6b73", "#00798c", "#a44a3f")
"""In the order of the systems' names, reused from the first after the last."""
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e3e3e3",
    "axes.axisbelow": True,
    "svg.hashsalt": "uninote",
}


def draw(systems: Systems, folder: Path) -> list[Path]:
    """Write recall_by_dimension and recall_by_task below `folder`."""
    with plt.rc_context(STYLE):
        figures = {"recall_by_dimension": _by_dimension(systems), "recall_by_task": _by_task(systems)}
        written = []
        for name, figure in figures.items():
            for ending in ("svg", "png"):
                path = folder / f"{name}.{ending}"
                figure.savefig(path, dpi=150, bbox_inches="tight", metadata={"Date": None} if ending == "svg" else None)
                written.append(path)
            plt.close(figure)
    return written


def _by_dimension(systems: Systems) -> Figure:
    figure, axes = plt.subplots(figsize=(6.4, 4))
    for n, (name, system) in enumerate(systems.items()):
        dims = sorted(int(d) for d in system["at"])
        values = [100 * mean_of_meta(system["at"][str(d)]) for d in dims]
        axes.plot(dims, values, marker="o", markersize=4, color=COLOURS[n % len(COLOURS)], label=name)
    every = sorted({int(d) for system in systems.values() for d in system["at"]})
    axes.set_xscale("log", base=2)
    axes.set_xticks(every, [str(d) for d in every])
    axes.minorticks_off()
    axes.set_xlabel("dimensions")
    axes.set_ylabel("recall@1, mean of the meta tasks (%)")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    return figure


def _by_task(systems: Systems) -> Figure:
    tasks = [t for t in TASK_ORDER if any(t in _tasks_at_full_length(s) for s in systems.values())]
    figure, axes = plt.subplots(figsize=(7.5, 0.9 + len(tasks) * (0.22 + 0.17 * len(systems))))
    wide = 0.8 / len(systems)
    for n, (name, system) in enumerate(systems.items()):
        _bars(axes, tasks, _tasks_at_full_length(system), (n + 0.5) * wide - 0.4, wide, COLOURS[n % len(COLOURS)], name)
    axes.set_yticks(range(len(tasks)), [t.replace("_to_", " → ").replace("_lists", " (lists)") for t in tasks])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlim(0, 100)
    axes.set_xlabel("recall@1 (%), 95 % bootstrap interval over components")
    below = (0.5, -0.6 / figure.get_figheight())
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=below, ncols=min(4, len(systems)))
    return figure


def _bars(axes: Axes, tasks: list[str], results: Mapping[str, Any], shift: float, wide: float, colour: str, name: str) -> None:
    present = [(n, results[task]["recall@1"]) for n, task in enumerate(tasks) if task in results]
    positions, values = [n + shift for n, _ in present], [100 * v for _, (v, _, _) in present]
    spread = [[100 * (v - low) for _, (v, low, _) in present], [100 * (high - v) for _, (v, _, high) in present]]
    whiskers = {"elinewidth": 0.8, "ecolor": "#333333", "capsize": 1.5}
    axes.barh(positions, values, wide * 0.92, xerr=spread, color=colour, label=name, error_kw=whiskers)


def _tasks_at_full_length(system: Mapping[str, Any]) -> Mapping[str, Any]:
    return dict(system["at"][str(system["dimensions"])]["tasks"])
