"""Why the guard kept a negative: its checks, computed again from the tables, to compare with the card."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.inspect.report.cards.evidence_text import Fact

Row = Mapping[str, Any]


def filter_explanation(
    similarity: float | None, components: Sequence[str | None], pictures: Sequence[Sequence[bytes]], settings: Mapping[str, Any]
) -> list[Fact]:
    """The guard's checks on a negative, each with its value.

    Args:
        similarity: of the negative and its query.
        components: of the notes of query, positive and negative; null where one is unknown.
        pictures: PDQ hashes of the pictures of the notes of query, positive and negative.
        settings: the run's `guard` (floor and ceiling of its margin, max_pdq_distance); empty if unknown.
    """
    max_distance = settings.get("max_pdq_distance", settings.get("max_look"))  # the name in runs before the renaming
    facts = [_component(components), _band(similarity, settings.get("margin") or {}), _pictures(pictures, max_distance)]
    return [fact for fact in facts if fact is not None]


def min_pdq_distance(hashes: Sequence[bytes], others: Sequence[bytes]) -> int | None:
    """The smallest distance, in bits of 256, of a picture of one to a picture of the others, unrotated; None without pictures.

    >>> min_pdq_distance([bytes([0b1111])], [bytes([0b1000]), bytes([0b1101])])
    1
    """
    distances = [(int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).bit_count() for a in hashes for b in others]
    return min(distances, default=None)


def _component(components: Sequence[str | None]) -> Fact | None:
    *answers, negative = components
    if negative is None or None in answers:
        return None
    different = negative not in answers
    return Fact("component", "not that of query or positive" if different else "THE SAME as query or positive")


def _band(similarity: float | None, margin: Row) -> Fact | None:
    if similarity is None:
        return None
    floor, ceiling = margin.get("floor"), margin.get("ceiling")
    band = "" if floor is None or ceiling is None else f", band {floor:.2f} to {ceiling:.2f}"
    return Fact("similarity to the query", f"{similarity:.3f}{band}")


def _pictures(pictures: Sequence[Sequence[bytes]], max_distance: int | None) -> Fact | None:
    query, positive, negative = pictures
    bits = min_pdq_distance(negative, [*query, *positive])
    if bits is None:
        return None
    limit = f", kept above {max_distance}" if max_distance is not None else ""
    return Fact("PDQ distance to the nearest picture", f"{bits} of 256 bits{limit}")
