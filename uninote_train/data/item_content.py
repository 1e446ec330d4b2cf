"""What an item shows, as pixels and words: all that a model gets to see of it."""

from schemas.errors import DataError
from schemas.region import SIDES
from small_encoder.pixels import crop
from uninote_train.models.protocol import Item, Pictures, Pixels


def words(item: Item) -> str:
    """Its text without the space around it; "" where there is none."""
    return (item["text"] or "").strip()


def shown(item: Item, pictures: Pictures) -> list[Pixels]:
    """Its pictures in its order; a crop's is cut out, a view of at least one pixel each way.

    Raises:
        DataError: a picture is not there, or a crop has no region with an area.
    """
    missing = sorted(i for i in item["image_ids"] or () if i not in pictures)
    if missing:
        raise DataError(f"item {item['item_id']}: no pictures {missing[:4]} beside the shard; build the shards again")
    whole = [pictures[i] for i in item["image_ids"] or ()]
    return [_cut(p, item) for p in whole] if item["kind"] == "crop" else whole


def _cut(pixels: Pixels, item: Item) -> Pixels:
    region = item["region"]
    if region is None:
        raise DataError(f"item {item['item_id']}: a crop without a region; build the shards again")
    part = crop(pixels, [region[side] for side in SIDES])
    if part is None:
        raise DataError(f"item {item['item_id']}: the region {region} of a crop has no area; build the shards again")
    return part
