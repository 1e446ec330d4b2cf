"""Formats the evidence of a pair. Pure functions of rows."""

from collections.abc import Mapping
from typing import Any, NamedTuple

Row = Mapping[str, Any]


class Fact(NamedTuple):
    """A name and a value on a card."""

    name: str
    value: str


class Box(NamedTuple):
    """A region in fractions of its picture."""

    x: float
    y: float
    width: float
    height: float


KIND_LABELS: dict[str, str] = {
    "image": "picture",
    "crop": "part of a picture",
    "text": "text",
    "ocr": "text in a picture",
    "note": "note",
}


def task_label(task: str) -> str:
    """Format a task's name for readers.

    >>> task_label("image_to_note")
    'image to note'
    """
    return task.replace("_", " ")


def facts(evidence: Row) -> list[Fact]:
    """List the evidence of a pair; fields that do not apply are omitted."""
    lines = [*_of_pictures(evidence), *_of_texts(evidence), *_of_clicks(evidence)]
    return [Fact(name, value) for name, value in lines]


def box(region: Row | None) -> Box | None:
    """Clip a region to the picture; None if nothing remains."""
    if region is None or any(region[name] is None for name in ("x0", "y0", "x1", "y1")):
        return None
    x0, y0, x1, y1 = (min(1.0, max(0.0, region[name])) for name in ("x0", "y0", "x1", "y1"))
    return Box(x0, y0, x1 - x0, y1 - y0) if x1 > x0 and y1 > y0 else None


def _of_pictures(e: Row) -> list[tuple[str, str]]:
    lines = []
    if e["hamming_distance"] is not None:
        lines.append(("hash distance", f"{e['hamming_distance']} of 256 bits"))
    if e["inliers"] is not None:
        lines.append(("matching features", f"{e['inliers']:,}"))
    if e["pixel_correlation"] is not None:
        lines.append(("pixel correlation", f"{e['pixel_correlation']:.3f}"))
    if e["structure"] is not None:
        lines.append(("structure in common", f"{e['structure']:.3f}"))
    if e["colour_error"] is not None:
        lines.append(("colours unexplained", f"{e['colour_error']:.1f} grey levels"))
    if e["mirrored"]:
        lines.append(("mirrored", "yes"))
    if (region := box(e["region"])) is not None:
        lines.append(("box", f"{region.width * region.height:.0%} of the picture"))
    return lines


def _of_texts(e: Row) -> list[tuple[str, str]]:
    lines = []
    if e["shared_chars"] is not None:
        lines.append(("shared characters", f"{e['shared_chars']:,}"))
    if e["containment"] is not None:
        lines.append(("containment", f"{e['containment']:.0%}"))
    return lines


def _of_clicks(e: Row) -> list[tuple[str, str]]:
    lines = []
    if e["users"] is not None:
        lines.append(("users in common", f"{e['users']:,}"))
    if e["cooccurrence"] is not None:
        lines.append(("co-occurrence", f"{e['cooccurrence']:.3f}"))
    if e["swing"] is not None:
        lines.append(("swing", f"{e['swing']:.3f}"))
    return lines
