"""Tone model: the best single change of light between the colours of two aligned pictures.

An edit changes the whole picture by one curve: brighter, warmer, more contrast, another
gamma, less saturation, grey, sepia. A colour variant of a product changes one thing and leaves the
rest, and no such curve explains it. The curves are few and have one parameter or two, because
a free one would explain a variant too: on white paper any colour can become any other.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.mining.images.verify.channel_stats import largest, quantile

Floats = npt.NDArray[np.float32]

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
GAINS = np.float32(1.08) ** np.arange(-11, 11, dtype=np.float32)
"""Brightness, and white balance when the channels differ: 0.43 to 2.16."""
CONTRASTS = np.array([0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.15, 1.3, 1.5, 1.75, 2.0], np.float32)
GAMMAS = np.array([0.5, 0.6, 0.7, 0.8, 0.9, 1.15, 1.3, 1.5, 1.75, 2.0], np.float32)
SATURATIONS = np.array([0.0, 0.25, 0.5, 0.75, 1.25, 1.5, 1.75, 2.0], np.float32)
MAX_CAST = 40.0
"""Levels by which a change of contrast may shift a channel from the mean of the channels: a fade towards a colour."""
BALANCE = 1.35
"""Largest ratio of a channel's gain to that of green."""
SEVERAL = 0.4
"""Levels of mean error by which a curve must be better than no change."""
UNCHANGED = 1.5
"""Levels of mean error up to which no curve is tried."""
TINT_COST = 6.0
"""Levels of mean error up to which a dye is accepted: it has six free parameters, so it must fit well."""
MOST_TINT = 75.0
LEAST_TINT = 12.0
"""Between the channels of the dyed black and white, levels: more is a colour of its own; and of the lights, less is none."""


@dataclass(frozen=True, slots=True)
class Tone:
    """How well the best curve explains the second picture's colours from the first's."""

    error: Floats
    """[n] levels, the largest of the three channels."""
    change: float
    """Mean levels by which the curve moves the colours."""
    predicted: Floats
    """[n, 3] the first picture's colours in that light."""
    curve: str
    """'none', 'gain', 'contrast', 'gamma', 'saturation' or 'tint'."""


def explained(x: Floats, y: Floats, weight: Floats) -> Tone:
    """The best single change of light from colours `x` [n, 3] to `y` [n, 3], levels 0 to 255.

    Cost: about 50 curves on n cells, 0.3 ms for n = 150; less where nothing changed.
    """
    total = max(float(weight.sum()), 1e-6)
    cost, best = _cheapest("none", x[None], x, y, weight, total)
    if cost < UNCHANGED:
        return best
    grey = (x @ LUMA)[:, None]
    candidates: dict[str, npt.NDArray[np.floating]] = {
        "gain": _gain(x, y, weight),
        "contrast": _contrast(x, y, weight),
        "gamma": np.float32(255) * (x / 255)[None] ** GAMMAS[:, None, None],
        "saturation": grey[None] + SATURATIONS[:, None, None] * (x - grey)[None],
    }
    for curve, predicted in candidates.items():
        new_cost, tone = _cheapest(curve, predicted, x, y, weight, total)
        if new_cost + SEVERAL < cost:
            cost, best = new_cost + SEVERAL, tone
    tinted = tint(grey[:, 0], y, weight)
    if tinted is None:
        return best
    tint_cost, tone = _cheapest("tint", tinted[None], x, y, weight, total)
    return tone if tint_cost < min(cost, TINT_COST) else best


def _cheapest(
    curve: str, predicted: npt.NDArray[np.floating], x: Floats, y: Floats, weight: Floats, total: float
) -> tuple[float, Tone]:
    """The best of `predicted` [curves, n, 3], and its weighted mean error."""
    predicted = np.clip(predicted, 0, 255)
    off = np.abs(predicted - y)
    error = largest(off)
    costs = np.minimum(error, 40) @ weight / total
    k = int(costs.argmin())
    moved = largest(np.abs(predicted[k] - x))
    return float(costs[k]), Tone(error[k], float(moved @ weight / total), predicted[k].astype(np.float32), curve)


def tint(grey: Floats, y: Floats, weight: Floats) -> Floats | None:
    """[n, 3] greys [n] dyed from one colour in the shadows to another in the lights (sepia); None if that is no dye.

    A dye is pale and colours the lights as well: in a variant on white paper the paper does not change.
    """
    total = max(float(weight.sum()), 1e-6)
    middle, centre = float(grey @ weight) / total, weight @ y / total
    spread = max(float(((grey - middle) ** 2) @ weight), 1e-3)
    slope = ((grey - middle) * weight) @ (y - centre) / spread
    ends = [centre + slope * (level - middle) for level in (0.0, 255.0)]
    bright = centre + slope * (float(quantile(grey, 0.9)) - middle)
    pale = max(float(np.ptp(end)) for end in ends) < MOST_TINT
    if not pale or float(np.ptp(bright)) < LEAST_TINT or not 0.3 < float(slope.mean()) < 1.5:
        return None
    dyed: Floats = (centre + slope * (grey - middle)[:, None]).astype(np.float32)
    return dyed


def _gain(x: Floats, y: Floats, weight: Floats) -> Floats:
    """[1, n, 3] each channel times its best gain; the gains are not far from each other."""
    errors = np.abs(np.minimum(GAINS[:, None, None] * x[None], 255) - y[None])
    costs = np.tensordot(np.minimum(errors, 40), weight, axes=(1, 0))  # [gains, 3]
    green = GAINS[costs[:, 1].argmin()]
    allowed = np.abs(np.log(GAINS / green)) <= np.log(BALANCE) + 1e-6
    gains = GAINS[np.where(allowed[:, None], costs, np.inf).argmin(axis=0)]
    for _ in range(2):
        live = weight[:, None] * ((gains * x < 250) & (np.abs(gains * x - y) < 40))
        gains = ((live * x * y).sum(axis=0) + 1e3 * gains) / ((live * x * x).sum(axis=0) + 1e3)
    return np.minimum(gains * x, 255)[None]


def _contrast(x: Floats, y: Floats, weight: Floats) -> Floats:
    """[contrasts, n, 3] one slope for all channels, and the best offsets that are not far from each other."""
    sloped = CONTRASTS[:, None, None] * x[None]
    live = weight[:, None] * ((y > 5) & (y < 250) & (x > 2) & (x < 253)) + 1e-3 * weight[:, None]
    offset = ((y[None] - sloped) * live).sum(axis=1) / np.maximum(live.sum(axis=0), 1e-6)  # [contrasts, 3]
    middle = np.median(offset, axis=1, keepdims=True)
    offset = np.clip(offset, middle - MAX_CAST, middle + MAX_CAST)
    pivot = 255 * (1 - CONTRASTS[:, None])
    # The fixed point must be a grey level: else this is "lighter and flatter", the change of a variant.
    offset = np.clip(offset, np.minimum(pivot, 0) - 10, np.maximum(pivot, 0) + 10)
    return sloped + offset[:, None, :]
