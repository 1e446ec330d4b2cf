"""Reads the notes and items of cards by their ids."""

from collections.abc import Iterable

from pipelines.inspect.report.cards.card import Key, Notes
from pipelines.inspect.report.sql_reader import Reader, Row
from schemas.datasets import COMPONENTS, COUNTERFACTUALS, IMAGES, ITEMS, NOTES

_NOTES = "select note_id, title, body, image_count from notes where note_id in (select unnest($ids)) order by note_id"
_IMAGES = """
    select note_id, image_id, position, uri, sha256, pdq from images where note_id in (select unnest($ids))
    order by note_id, position, image_id
"""
_COMPONENTS = "select note_id, component_id from components where note_id in (select unnest($ids)) order by note_id"
_ITEMS = "select item from items where item.item_id in (select unnest($ids)) order by item.item_id"
_GENERATED = """
    select distinct item from counterfactuals where item.item_id in (select unnest($ids)) order by item.item_id
"""


def read_notes(reader: Reader, note_ids: Iterable[str]) -> tuple[Notes, dict[Key, Row]]:
    """Read notes, and the rows of their pictures. Cost: one pass over notes and one over images."""
    ids = {"ids": sorted(set(note_ids))}
    if not ids["ids"]:
        return Notes({}, {}), {}
    rows = {row["note_id"]: row for row in reader.rows(_NOTES, [NOTES.name], ids)}
    pictures: dict[Key, Row] = {}
    for row in reader.rows(_IMAGES, [IMAGES.name], ids):
        pictures.setdefault((row["note_id"], row["image_id"]), row)
    return Notes(rows, {key: row["position"] for key, row in pictures.items()}), pictures


def read_components(reader: Reader, note_ids: Iterable[str]) -> dict[str, str]:
    """Map note_id to component_id."""
    rows = reader.rows(_COMPONENTS, [COMPONENTS.name], {"ids": sorted(set(note_ids))})
    return {row["note_id"]: row["component_id"] for row in rows}


def read_items(reader: Reader, item_ids: Iterable[str]) -> dict[str, Row]:
    """Read items and generated negatives by item_id; unknown ids are omitted."""
    ids = {"ids": sorted(set(item_ids))}
    if not ids["ids"]:
        return {}
    rows = reader.rows(_ITEMS, [ITEMS.name], ids)
    if reader.has(COUNTERFACTUALS.name):
        rows = [*reader.rows(_GENERATED, [COUNTERFACTUALS.name], ids), *rows]
    return {row["item"]["item_id"]: row["item"] for row in rows}
