"""Recomputes the false-negative filter's checks of a negative from the published tables, to show them on its card."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.inspect.report.cards.evidence_text import Fact

Row = Mapping[str, Any]


def filter_checks(
    similarity: float | None, components: Sequence[str | None], pictures: Sequence[Sequence[bytes]], settings: Mapping[str, Any]
) -> list[Fact]:
    """List the filter's checks of a negative, each with its value.

    Args:
        similarity: similarity of the negative and its query.
        components: components of the notes of query, positive and negative; None if unknown.
        pictures: PDQ hashes of the pictures of the notes of query, positive and negative.
        settings: section `guard` of the run's settings (floor and ceiling of its margin, max_pdq_distance); may be empty.
    """
    lines = [_component(components), _band(similarity, settings.get("margin") or {}), _pdq_distance(pictures, settings)]
    return [line for line in lines if line is not None]


def nearest_pdq_distance(hashes: Sequence[bytes], others: Sequence[bytes]) -> int | None:
    """Compute the smallest Hamming distance between two sets of PDQ hashes, without rotations; None if one is empty.

    >>> nearest_pdq_distance([bytes([0b1111])], [bytes([0b1000]), bytes([0b1101])])
    1
    """
    distances = [(int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).bit_count() for a in hashes for b in others]
    return min(distances, default=None)


def _component(components: Sequence[str | None]) -> Fact | None:
    *answers, negative = components
    if negative is None or None in answers:
        return None
    other = negative not in answers
    return Fact("component", "differs from query and positive" if other else "THE SAME as query or positive")


def _band(similarity: float | None, margin: Row) -> Fact | None:
    if similarity is None:
        return None
    floor, ceiling = margin.get("floor"), margin.get("ceiling")
    band = "" if floor is None or ceiling is None else f", band {floor:.2f} to {ceiling:.2f}"
    return Fact("similarity to the query", f"{similarity:.3f}{band}")


def _pdq_distance(pictures: Sequence[Sequence[bytes]], settings: Mapping[str, Any]) -> Fact | None:
    query, positive, negative = pictures
    bits = nearest_pdq_distance(negative, [*query, *positive])
    if bits is None:
        return None
    limit = settings.get("max_pdq_distance", settings.get("max_look"))  # max_look: in runs of an earlier version
    return Fact("smallest PDQ distance", f"{bits} of 256 bits" + (f", kept above {limit}" if limit is not None else ""))
