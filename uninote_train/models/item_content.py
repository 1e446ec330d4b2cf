"""Pixels and text of an item: all input that a model has of it."""

from schemas.errors import DataError
from schemas.region import SIDES
from small_encoder.pixels import crop
from uninote_train.models.protocol import Item, Pictures, Pixels


def item_text(item: Item) -> str:
    """Its text without surrounding space; "" where it has none."""
    return (item["text"] or "").strip()


def item_pixels(item: Item, pictures: Pictures) -> list[Pixels]:
    """Its pictures in its order; for a crop the part that it shows, a view of at least one pixel each way.

    Raises:
        DataError: a picture is missing, or a crop has no region with an area.
    """
    missing = sorted(i for i in item["image_ids"] or () if i not in pictures)
    if missing:
        raise DataError(f"item {item['item_id']}: no pictures {missing[:4]} beside the shard; build the shards again")
    images = [pictures[i] for i in item["image_ids"] or ()]
    return [_crop(p, item) for p in images] if item["kind"] == "crop" else images


def _crop(pixels: Pixels, item: Item) -> Pixels:
    region = item["region"]
    if region is None:
        raise DataError(f"item {item['item_id']}: a crop without a region; build the shards again")
    part = crop(pixels, [region[side] for side in SIDES])
    if part is None:
        raise DataError(f"item {item['item_id']}: the region {region} of a crop has no area; build the shards again")
    return part
