"""The largest components: what ties so many notes, and whether it should."""

from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.inspect.report.cards.card import Key
from pipelines.inspect.report.settings import Sampled
from pipelines.inspect.report.sql_reader import Reader
from schemas.datasets import COMPONENTS, POSITIVES
from schemas.granularity import CONTENT_GRANULARITIES, PICTURE_GRANULARITIES

_SIZES = """
    with sized as (select component_id, max(size) as size from components group by component_id)
    select min(size) as least, max(size) as most, count(*) as components
    from sized group by ceil(log2(size)) order by least
"""
_LARGEST = """
    select component_id, max(size) as size, min(split) as split, arg_min(note_id, note_id, $notes) as shown
    from components where size > 1 group by component_id order by size desc, component_id limit $most
"""
_TIES = f"""
    select component_id, granularity, count(*) as pairs from positives
    where component_id in (select unnest($ids)) and query.note_id <> target.note_id and granularity in {CONTENT_GRANULARITIES}
    group by component_id, granularity order by component_id, granularity
"""
_TYING = f"""
    with ends as (select component_id, unnest([query, target]) as item from positives
                  where component_id in (select unnest($ids)) and granularity in {PICTURE_GRANULARITIES})
    select item.note_id as note_id, min(item.image_ids[1]) as image_id from ends group by item.note_id order by item.note_id
"""


@dataclass(frozen=True, slots=True)
class Component:
    """Notes that a split must not part."""

    component_id: str
    size: int
    split: str
    shown: tuple[str, ...]
    """note_ids, the first of them."""
    ties: tuple[tuple[str, int], ...]
    """Granularity and pairs between its notes."""


@dataclass(frozen=True, slots=True)
class Sized:
    """Components of about one size."""

    least: int
    most: int
    components: int

    @property
    def says(self) -> str:
        """Their notes, in words."""
        if self.least == self.most:
            return "1 note" if self.most == 1 else f"{self.most:,} notes"
        return f"{self.least:,} to {self.most:,} notes"


def sizes(reader: Reader) -> list[Sized]:
    """How many components there are of 1, 2, 3 to 4, 5 to 8 notes and so on."""
    return [Sized(**row) for row in reader.rows(_SIZES, [COMPONENTS.name])]


def largest(reader: Reader, settings: Sampled) -> list[Component]:
    """The largest components with more than one note."""
    if not settings.components:
        return []
    values = {"notes": settings.notes_per_component, "most": settings.components}
    found = reader.rows(_LARGEST, [COMPONENTS.name], values)
    ids = {"ids": [row["component_id"] for row in found]}
    ties: dict[str, list[tuple[str, int]]] = {}
    for row in reader.rows(_TIES, [POSITIVES.name], ids) if found else []:
        ties.setdefault(row["component_id"], []).append((row["granularity"].replace("_", " "), row["pairs"]))
    return [
        Component(row["component_id"], row["size"], row["split"], tuple(row["shown"]), tuple(ties.get(row["component_id"], ())))
        for row in found
    ]


def covers(reader: Reader, components: list[Component], pictures: Iterable[Key]) -> dict[str, Key]:
    """note_id -> the picture that ties it, else its first readable one."""
    if not components:
        return {}
    ids = {"ids": [component.component_id for component in components]}
    tying = [(row["note_id"], row["image_id"]) for row in reader.rows(_TYING, [POSITIVES.name], ids)]
    readable = dict.fromkeys(pictures)
    first: dict[str, Key] = {}
    for key in [*(key for key in tying if key in readable), *readable]:
        first.setdefault(key[0], key)
    return {note: first[note] for component in components for note in component.shown if note in first}
