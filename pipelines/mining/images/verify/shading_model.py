"""Shading: light that changes smoothly across the picture (a vignette, a gradient, a lamp's cone).

The ratio of brightness is fitted by a quadratic of the position. It has no colour, so a thing
of another colour stays unexplained. On plain ground it is not fitted: a darker variant in the middle
would pass for shade.
"""

import numpy as np
import numpy.typing as npt

from pipelines.mining.images.verify.tone_model import LUMA

Floats = npt.NDArray[np.float32]

DARK = 12.0
"""Levels added to both pictures, so that ratios of dark colours stay bounded."""
MOST = 0.8
"""Natural logarithm of the largest ratio."""
LEAST = 0.15
"""Smallest range of the logarithm: below it there is no shade to correct."""
SPREAD = 0.08
"""Scale of the Cauchy weight: stickers must not bend the field."""
MIN_CELLS = 40


def shaded(x: Floats, y: Floats, places: Floats) -> Floats | None:
    """Colours `x` [n, 3] in the shade of `y` [n, 3]; None where there is none, or too few cells to fit it.

    Args:
        x: colours, levels 0 to 255.
        y: colours at the same places in the other picture.
        places: [n, 2] -1 to 1.

    Cost: four least squares of 6 unknowns, 0.2 ms for n = 160.
    """
    if len(x) < MIN_CELLS:
        return None
    ratio = np.log((y @ LUMA + DARK) / (x @ LUMA + DARK))
    u, v = places.T
    basis = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=1)
    weight = np.ones(len(x))
    field = np.zeros(len(x))
    for _ in range(4):
        weighted = basis * weight[:, None]
        field = basis @ np.linalg.solve(weighted.T @ basis + 1e-3 * np.eye(6), weighted.T @ ratio)
        weight = 1 / (1 + ((ratio - field) / SPREAD) ** 2)
    if float(np.ptp(field)) < LEAST or float(np.abs(field).max()) > MOST:
        return None
    lit: Floats = np.clip((x + DARK) * np.exp(field)[:, None] - DARK, 0, 255).astype(np.float32)
    return lit
