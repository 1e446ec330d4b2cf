"""The largest components, with the pairs that connect their notes."""

from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.inspect.report.cards.card import Key
from pipelines.inspect.report.settings import SampleSizes
from pipelines.inspect.report.sql_reader import Reader
from schemas.datasets import COMPONENTS, POSITIVES
from schemas.granularity import CONTENT_GRANULARITIES, PICTURE_GRANULARITIES

_SIZES = """
    with component_sizes as (select component_id, max(size) as size from components group by component_id)
    select min(size) as least, max(size) as most, count(*) as components
    from component_sizes group by ceil(log2(size)) order by least
"""
_LARGEST = """
    select component_id, max(size) as size, min(split) as split, arg_min(note_id, note_id, $notes) as note_ids
    from components where size > 1 group by component_id order by size desc, component_id limit $most
"""
_LINKS = f"""
    select component_id, granularity, count(*) as pairs from positives
    where component_id in (select unnest($ids)) and query.note_id <> target.note_id and granularity in {CONTENT_GRANULARITIES}
    group by component_id, granularity order by component_id, granularity
"""
_LINKING_PICTURES = f"""
    with ends as (select component_id, unnest([query, target]) as item from positives
                  where component_id in (select unnest($ids)) and granularity in {PICTURE_GRANULARITIES})
    select item.note_id as note_id, min(item.image_ids[1]) as image_id from ends group by item.note_id order by item.note_id
"""


@dataclass(frozen=True, slots=True)
class Component:
    """Notes that a split must keep together."""

    component_id: str
    size: int
    split: str
    note_ids: tuple[str, ...]
    """The first of its notes."""
    links: tuple[tuple[str, int], ...]
    """Granularity, and number of pairs between its notes."""


@dataclass(frozen=True, slots=True)
class SizeBucket:
    """Number of components in a range of sizes."""

    least: int
    most: int
    components: int

    @property
    def label(self) -> str:
        """The range of sizes, in words."""
        if self.least == self.most:
            return "1 note" if self.most == 1 else f"{self.most:,} notes"
        return f"{self.least:,} to {self.most:,} notes"


def sizes(reader: Reader) -> list[SizeBucket]:
    """Count components of 1, 2, 3 to 4, 5 to 8 notes and so on."""
    return [SizeBucket(**row) for row in reader.rows(_SIZES, [COMPONENTS.name])]


def largest(reader: Reader, settings: SampleSizes) -> list[Component]:
    """List the largest components with more than one note."""
    if not settings.components:
        return []
    values = {"notes": settings.notes_per_component, "most": settings.components}
    rows = reader.rows(_LARGEST, [COMPONENTS.name], values)
    ids = {"ids": [row["component_id"] for row in rows]}
    links: dict[str, list[tuple[str, int]]] = {}
    for row in reader.rows(_LINKS, [POSITIVES.name], ids) if rows else []:
        links.setdefault(row["component_id"], []).append((row["granularity"].replace("_", " "), row["pairs"]))
    return [
        Component(
            row["component_id"], row["size"], row["split"], tuple(row["note_ids"]), tuple(links.get(row["component_id"], ()))
        )
        for row in rows
    ]


def covers(reader: Reader, components: list[Component], pictures: Iterable[Key]) -> dict[str, Key]:
    """Choose a picture for each note: one of a pair that connects it, else its first readable one."""
    if not components:
        return {}
    ids = {"ids": [component.component_id for component in components]}
    linking = [(row["note_id"], row["image_id"]) for row in reader.rows(_LINKING_PICTURES, [POSITIVES.name], ids)]
    readable = dict.fromkeys(pictures)
    first: dict[str, Key] = {}
    for key in [*(key for key in linking if key in readable), *readable]:
        first.setdefault(key[0], key)
    return {note: first[note] for component in components for note in component.note_ids if note in first}
