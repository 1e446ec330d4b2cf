"""One HTML page with the pictures of all pairs that were decided wrongly."""

import base64
import html
import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from benchmarks.real_pairs.decided_pairs import VerifiedPair

SIDE = 360
"""Longest side of a picture on the page, pixels."""


def write_error_page(path: Path, wrong: Sequence[VerifiedPair], table: str) -> None:
    """Write the table and a figure a pair to `path`."""
    figures = "".join(_figure(result) for result in wrong)
    style = "body{font:15px sans-serif;margin:2em}figure{display:inline-block;margin:0 1em 1em 0}img{vertical-align:top}"
    page = f"<!doctype html><meta charset=utf8><title>real_pairs</title><style>{style}</style>"
    path.write_text(f"{page}<pre>{html.escape(table)}</pre>{figures}", encoding="utf8")


def _figure(result: VerifiedPair) -> str:
    pair = result.pair
    caption = f"{pair.name}, {pair.group}: {pair.truth}; decided: {result.decision}, score {result.score:.2f}"
    return f"<figure>{_embedded(pair.left)} {_embedded(pair.right)}<figcaption>{html.escape(caption)}</figcaption></figure>\n"


def _embedded(content: bytes) -> str:
    with Image.open(io.BytesIO(content)) as image:
        small = image.convert("RGB")
    small.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=70)
    return f'<img src="data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}">'
