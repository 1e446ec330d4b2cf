"""What the guard knew of a negative that it let pass, told again from the tables: to be held against the card."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.inspect.report.cards.evidence_text import Fact

Row = Mapping[str, Any]


def verdict(
    similarity: float | None, components: Sequence[str | None], pictures: Sequence[Sequence[bytes]], settings: Mapping[str, Any]
) -> list[Fact]:
    """The guard's checks on a negative, each with what was found.

    Args:
        similarity: of the negative and its query.
        components: of the notes of query, positive and negative; null where one is unknown.
        pictures: PDQ hashes of the pictures of the notes of query, positive and negative.
        settings: the run's `guard` (floor and ceiling of its margin, max_look); empty where it is not told.
    """
    lines = [_component(components), _band(similarity, settings.get("margin") or {}), _look(pictures, settings.get("max_look"))]
    return [line for line in lines if line is not None]


def nearest_look(of: Sequence[bytes], others: Sequence[bytes]) -> int | None:
    """The fewest bits of 256 in which a picture of one differs from one of the others, none turned; null without pictures.

    >>> nearest_look([bytes([0b1111])], [bytes([0b1000]), bytes([0b1101])])
    1
    """
    distances = [(int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).bit_count() for a in of for b in others]
    return min(distances, default=None)


def _component(components: Sequence[str | None]) -> Fact | None:
    *answers, negative = components
    if negative is None or None in answers:
        return None
    other = negative not in answers
    return Fact("component", "another than query and positive" if other else "THE SAME as query or positive")


def _band(similarity: float | None, margin: Row) -> Fact | None:
    if similarity is None:
        return None
    floor, ceiling = margin.get("floor"), margin.get("ceiling")
    told = "" if floor is None or ceiling is None else f", band {floor:.2f} to {ceiling:.2f}"
    return Fact("similarity to the query", f"{similarity:.3f}{told}")


def _look(pictures: Sequence[Sequence[bytes]], limit: int | None) -> Fact | None:
    query, positive, negative = pictures
    bits = nearest_look(negative, [*query, *positive])
    if bits is None:
        return None
    return Fact("nearest look", f"{bits} of 256 bits" + (f", kept above {limit}" if limit is not None else ""))
