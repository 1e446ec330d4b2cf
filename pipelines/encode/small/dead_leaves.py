"""Synthetic pictures of overlapping shapes in random colours and textures ("dead leaves").

Trained on the sample's scenes alone, a network knows forty objects and few textures. These
teach it to distinguish any two pictures. Source: Baradad et al. 2021 (arXiv:2106.05963),
who pretrain on such noise; the drawing is ours.
"""

from random import Random

import cv2
import numpy as np

from pipelines.media.decode import Pixels


def dead_leaves(side: int, chance: Random) -> Pixels:
    """Draw a picture [side, side, 3]: a background, shapes from large to small; every third has a plain white background.

    Cost: about a millisecond at 160 pixels.
    """
    white = chance.random() < 0.3
    out = np.full((side, side, 3), 255, np.uint8) if white else _background(side, chance)
    count = chance.choice((4, 10, 25, 60)) if not white else chance.choice((3, 6, 12))
    reach = 0.3 if white else 0.7  # products are in the middle of a white background
    sizes = sorted((0.04 + 0.5 * chance.random() ** 3 for _ in range(count)), reverse=True)
    palette = [_colour(chance) for _ in range(chance.randrange(2, 8))]
    for size in sizes:
        middle = np.array([side * (0.5 + chance.uniform(-reach, reach)) for _ in range(2)])
        outline = _outline(middle, side * size * (0.6 if white else 1), chance)
        if chance.random() < 0.5:
            cv2.fillPoly(out, [outline], chance.choice(palette), lineType=cv2.LINE_AA)
        else:
            _textured(out, outline, chance)
        if chance.random() < 0.2:
            cv2.polylines(out, [outline], True, _colour(chance), chance.randrange(1, 3), cv2.LINE_AA)
    return out


def _colour(chance: Random) -> tuple[int, int, int]:
    """A random colour, mostly of low saturation."""
    level, spread = chance.uniform(0, 255), chance.uniform(0, 110)
    red, green, blue = (int(min(max(level + chance.uniform(-spread, spread), 0), 255)) for _ in range(3))
    return red, green, blue


def _outline(middle: np.ndarray, size: float, chance: Random) -> np.ndarray:
    """A random polygon, few corners or many, round or elongated."""
    corners, rough = chance.choice((3, 4, 4, 6, 24, 24)), chance.uniform(0, 0.4)
    turn, flat = chance.uniform(0, 2 * np.pi), chance.uniform(0.2, 1)
    angles = np.arange(corners) * 2 * np.pi / corners
    radii = size * np.array([1 - rough * chance.random() for _ in range(corners)])
    x, y = radii * np.cos(angles), radii * np.sin(angles) * flat
    turned = np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], -1)
    return (middle + turned).astype(np.int32)


def _background(side: int, chance: Random) -> Pixels:
    """A background: four corner colours, blended, with noise."""
    corners = np.array([[_colour(chance), _colour(chance)], [_colour(chance), _colour(chance)]], np.uint8)
    smooth = cv2.resize(corners, (side, side), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    return np.clip(smooth + _noise(side, chance)[:, :, None], 0, 255).astype(np.uint8)


def _noise(side: int, chance: Random) -> np.ndarray:
    """Noise at one scale, or stripes. [side, side] float32, mean about zero."""
    draw = np.random.default_rng(chance.getrandbits(32))
    strength, grain = chance.uniform(5, 60), chance.choice((4, 8, 16, 40, 80))
    rows = grain if chance.random() < 0.7 else 2  # stripes
    noise = draw.standard_normal((rows, grain)).astype(np.float32) * strength
    return cv2.resize(noise if chance.random() < 0.5 else noise.T, (side, side), interpolation=cv2.INTER_CUBIC)


def _textured(out: Pixels, outline: np.ndarray, chance: Random) -> None:
    """Fill the outline with a texture, in place."""
    side = len(out)
    mask = np.zeros((side, side), np.uint8)
    cv2.fillPoly(mask, [outline], 255)
    texture = np.clip(np.array(_colour(chance), np.float32) + _noise(side, chance)[:, :, None], 0, 255).astype(np.uint8)
    cv2.copyTo(texture, mask, out)
