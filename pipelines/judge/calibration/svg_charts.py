"""Charts as SVG text, without a library or script, readable without colour."""

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

SIDE, LEFT, TOP, BOTTOM = 262, 54, 26, 46
"""Side of the plot and its margins, pixels."""
WIDTH, HEIGHT = LEFT + SIDE + 14, TOP + SIDE + BOTTOM
INK, FAINT, FIRST, SECOND = "#333", "#ccc", "#c2410c", "#1d4ed8"
FIFTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def reliability_chart(before: tuple[Numbers, Numbers, Numbers], after: tuple[Numbers, Numbers, Numbers]) -> str:
    """The reliability curve, with the diagonal of a perfectly calibrated judge.

    Args:
        before: for each bin of scores the mean, the share that is relevant, and the number of pairs.
        after: the same for the calibrated scores.
    """
    drawn = [_line([(0, 0), (1, 1)], INK, "4 4")]
    for (predicted, observed, counts), colour, dashes in ((before, FIRST, "2 3"), (after, SECOND, "")):
        drawn.append(_line(list(zip(predicted, observed, strict=True)), colour, dashes))
        sizes = 3 + 7 * np.sqrt(counts / max(1, counts.max(initial=1)))
        drawn += [
            f'<circle cx="{_x(x):.1f}" cy="{_y(y):.1f}" r="{size:.1f}" fill="{colour}" fill-opacity="0.55">'
            f"<title>predicted {x:.3f}, relevant {y:.3f}, {int(count)} pairs</title></circle>"
            for x, y, count, size in zip(predicted, observed, counts, sizes, strict=True)
        ]
    legend = [("raw score", FIRST, "2 3"), ("calibrated, cross-fitted", SECOND, ""), ("perfect calibration", INK, "4 4")]
    return _framed("Reliability (larger dots: more pairs)", "predicted", "share relevant", drawn, legend)


def roc_chart(false: Numbers, true: Numbers, auc: float) -> str:
    """The ROC curve: [k], [k] rates."""
    drawn = [_line([(0, 0), (1, 1)], INK, "4 4"), _line(list(zip(false, true, strict=True)), SECOND, "")]
    legend = [(f"judge, area {auc:.4f}", SECOND, ""), ("chance", INK, "4 4")]
    return _framed("ROC curve", "false positive rate", "true positive rate", drawn, legend)


def histogram_chart(relevant: NDArray[np.int64], others: NDArray[np.int64]) -> str:
    """Histogram of the scores by label, as shares: [bars], [bars] counts in bins of equal width over 0 to 1."""
    drawn, bars = [], len(relevant)
    for counts, colour, place in ((relevant, SECOND, 0.5), (others, FIRST, 0.0)):
        shares = counts / max(1, counts.sum())
        for n, share in enumerate(shares):
            if share:
                x, width = _x((n + place) / bars), SIDE / bars / 2
                drawn.append(
                    f'<rect x="{x:.1f}" y="{_y(share):.1f}" width="{width:.1f}" height="{_y(0) - _y(share):.1f}" '
                    f'fill="{colour}" fill-opacity="0.8"><title>{int(counts[n])} pairs, {share:.1%}</title></rect>'
                )
    legend = [("not relevant (left bars)", FIRST, ""), ("relevant (right bars)", SECOND, "")]
    return _framed("Scores by label", "raw score", "share of the label's pairs", drawn, legend)


def _framed(title: str, across: str, up: str, drawn: Sequence[str], legend: Sequence[tuple[str, str, str]]) -> str:
    height = HEIGHT + 16 * len(legend)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-label="{escape(title)}" '
        'xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="11">',
        f'<rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="{FAINT}"/>',
    ]
    for value in FIFTHS:
        parts.append(_line([(value, 0), (value, 1)], FAINT, "1 3") + _line([(0, value), (1, value)], FAINT, "1 3"))
        parts.append(
            _words(_x(value), _y(0) + 14, f"{value:g}", "middle") + _words(LEFT - 6, _y(value) + 4, f"{value:g}", "end")
        )
    parts.append(_words(LEFT, 16, title, "start", ' font-weight="bold"'))
    parts += drawn
    parts.append(_words(LEFT + SIDE / 2, TOP + SIDE + 32, across, "middle"))
    turn = f' transform="rotate(-90 14 {TOP + SIDE / 2})"'
    parts.append(_words(14, TOP + SIDE / 2, up, "middle", turn))
    for n, (name, colour, dashes) in enumerate(legend):
        y = HEIGHT + 16 * n
        parts.append(
            f'<line x1="{LEFT}" y1="{y}" x2="{LEFT + 24}" y2="{y}" stroke="{colour}" stroke-width="3" '
            f'stroke-dasharray="{dashes}"/>'
        )
        parts.append(_words(LEFT + 32, y + 4, name, "start"))
    return "".join([*parts, "</svg>"])


def _line(points: Sequence[tuple[float, float]], colour: str, dashes: str) -> str:
    coordinates = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)
    return f'<polyline points="{coordinates}" fill="none" stroke="{colour}" stroke-width="1.5" stroke-dasharray="{dashes}"/>'


def _words(x: float, y: float, text: str, anchor: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{INK}"{more}>{escape(text)}</text>'


def _x(value: float) -> float:
    return LEFT + SIDE * float(value)


def _y(value: float) -> float:
    return TOP + SIDE * (1 - float(value))
