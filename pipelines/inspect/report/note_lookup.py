"""The notes and items that cards name, read by their ids."""

from collections.abc import Iterable

from pipelines.inspect.report.cards.card import Key, Notes
from pipelines.inspect.report.sql_reader import Reader, Row
from schemas.datasets import COMPONENTS, COUNTERFACTUALS, IMAGES, ITEMS, NOTES

_NOTES = "select note_id, title, body, image_count from notes where note_id in (select unnest($ids)) order by note_id"
_IMAGES = """
    select note_id, image_id, position, uri, sha256, pdq from images where note_id in (select unnest($ids))
    order by note_id, position, image_id
"""
_TIES = "select note_id, component_id from components where note_id in (select unnest($ids)) order by note_id"
_ITEMS = "select item from items where item.item_id in (select unnest($ids)) order by item.item_id"
_MADE = """
    select distinct item from counterfactuals where item.item_id in (select unnest($ids)) order by item.item_id
"""


def read_notes(reader: Reader, note_ids: Iterable[str]) -> tuple[Notes, dict[Key, Row]]:
    """The notes, and their pictures' rows. Cost: a pass over notes and one over images."""
    ids = {"ids": sorted(set(note_ids))}
    if not ids["ids"]:
        return Notes({}, {}), {}
    rows = {row["note_id"]: row for row in reader.rows(_NOTES, [NOTES.name], ids)}
    pictures: dict[Key, Row] = {}
    for row in reader.rows(_IMAGES, [IMAGES.name], ids):
        pictures.setdefault((row["note_id"], row["image_id"]), row)
    return Notes(rows, {key: row["position"] for key, row in pictures.items()}), pictures


def read_ties(reader: Reader, note_ids: Iterable[str]) -> dict[str, str]:
    """note_id -> component_id."""
    rows = reader.rows(_TIES, [COMPONENTS.name], {"ids": sorted(set(note_ids))})
    return {row["note_id"]: row["component_id"] for row in rows}


def read_items(reader: Reader, item_ids: Iterable[str]) -> dict[str, Row]:
    """Items and rule-made negatives by item_id; an id that is neither is left out."""
    ids = {"ids": sorted(set(item_ids))}
    if not ids["ids"]:
        return {}
    found = reader.rows(_ITEMS, [ITEMS.name], ids)
    if reader.has(COUNTERFACTUALS.name):
        found = [*reader.rows(_MADE, [COUNTERFACTUALS.name], ids), *found]
    return {row["item"]["item_id"]: row["item"] for row in found}
