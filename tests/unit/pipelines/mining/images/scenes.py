"""Pictures drawn for the tests: many shapes of many sizes, or one product on white."""

import cv2
import numpy as np


def scene(seed: int, width: int = 480, height: int = 360) -> np.ndarray:
    """[h, w, 3] some hundred shapes over a soft gradient; another seed shares nothing with it."""
    random = np.random.default_rng(seed)
    corners = random.integers(60, 200, (2, 2, 3)).astype(np.uint8)
    picture = cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR)
    for _ in range(120):
        colour = tuple(int(v) for v in random.integers(0, 256, 3))
        x, y = int(random.integers(0, width)), int(random.integers(0, height))
        a, b = (int(v) for v in random.integers(4, 40, 2))
        if random.random() < 0.5:
            cv2.ellipse(picture, (x, y), (a, b), int(random.integers(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
        else:
            cv2.rectangle(picture, (x, y), (x + a, y + b), colour, -1)
    return cv2.GaussianBlur(picture, (0, 0), 0.8)


def product(colour: tuple[int, int, int], width: int = 400, height: int = 400) -> np.ndarray:
    """[h, w, 3] a shaded chest of drawers of one colour on white, its handles and feet always black."""
    picture = np.full((height, width, 3), 255, np.uint8)
    top, left, bottom, right = height // 5, width // 5, height * 4 // 5, width * 4 // 5
    shade = np.linspace(1.0, 0.7, right - left)[None, :, None]
    picture[top:bottom, left:right] = np.clip(np.array(colour) * shade, 0, 255)
    for k in range(3):
        y = top + (bottom - top) * (k + 1) // 4
        cv2.line(picture, (left + 8, y), (right - 8, y), tuple(int(c * 0.6) for c in colour), 2, cv2.LINE_AA)
        for x in (left + 60, right - 60):
            cv2.circle(picture, (x, y - 18), 6, (20, 20, 20), -1, cv2.LINE_AA)
    for x in (left + 14, right - 14):
        cv2.rectangle(picture, (x - 5, bottom), (x + 5, bottom + 24), (20, 20, 20), -1)
    return picture
