"""Thumbnails of the page: only pictures on cards are read and decoded, until the page is full."""

import base64
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import Any

from PIL import Image

from pipelines.inspect.report.cards.card import Card, Key
from pipelines.inspect.report.settings import CardStyle
from pipelines.inspect.report.sql_reader import Reader
from pipelines.media.decode import BadPicture, Decoding, decode
from pipelines.media.picture_bytes import Claim, picture_bytes
from pipelines.media.read_ahead import Room, share
from pipelines.workspace.image_root import image_root
from pipelines.workspace.progress_line import ProgressLog
from schemas.errors import StoreError
from schemas.intermediate import PICTURES

Row = Mapping[str, Any]
BATCH = 32
FULL = "left out: the page is full"
_STORED = "select sha256, thumbnail from mined_pictures where sha256 in (select unnest($ids)) order by sha256"


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A picture of the page, or the reason why it is missing."""

    uri: str = ""
    """data:image/webp;base64,…"""
    width: int = 0
    height: int = 0
    missing: str = ""


def use_counts(cards: Sequence[Sequence[Card]], others: Sequence[Key]) -> Counter[Key]:
    """Count the uses of each picture, in order of priority: the first card of each group first."""
    longest = max(map(len, cards), default=0)
    first = [
        picture.key for rank in range(longest) for group in cards if rank < len(group) for picture in group[rank].pictures()
    ]
    return Counter([*first, *others])


def thumbnails(
    counts: Counter[Key], pictures: Mapping[Key, Row], reader: Reader, style: CardStyle, budget: float, log: ProgressLog
) -> dict[Key, Thumbnail]:
    """Make the thumbnails of the page.

    Args:
        counts: uses of each picture, in order of priority (`use_counts`).
        pictures: IMAGES (uri, sha256) by key.
        reader: reads the thumbnails stored by mining, for files that no longer exist.
        style: side and quality.
        budget: total size, characters.
        log: receives progress lines.

    Cost: 5 ms per picture, and the transfer of its file; memory for `BATCH` files.
    """
    results: dict[Key, Thumbnail] = {}
    keys, left = list(counts), budget
    stored = _StoredThumbnails(reader, sorted({pictures[key]["sha256"] for key in keys if key in pictures}))
    root, room = image_root(reader.workspace), Room()
    with ThreadPoolExecutor(max_workers=8) as pool:
        for some in _pieces(keys, BATCH):
            for key, thumbnail in zip(
                some, pool.map(lambda k: _thumbnail(pictures.get(k), stored, style, root, room), some), strict=True
            ):
                cost = len(thumbnail.uri) * counts[key]
                results[key] = thumbnail if cost <= left else Thumbnail(missing=FULL)
                left -= cost if cost <= left else 0
            log(f"report: {len(results):,} of {len(keys):,} pictures")
            if left < 1:
                break
    return results | {key: Thumbnail(missing=FULL) for key in keys if key not in results}


class _StoredThumbnails:
    """Thumbnails stored by mining, read when the first file is missing."""

    def __init__(self, reader: Reader, ids: list[str]) -> None:
        self._reader, self._ids, self._lock = reader, ids, Lock()
        self._rows: dict[str, bytes] | None = None
        self.unavailable: StoreError | None = None
        """The error after which the pictures' store is not asked again."""

    def content(self, sha256: str) -> bytes | None:
        """Return the JPEG of a picture, if there is one."""
        with self._lock:
            if self._rows is None:
                rows = (
                    self._reader.rows(_STORED, [PICTURES.name], {"ids": self._ids}) if self._reader.has(PICTURES.name) else []
                )
                self._rows = {row["sha256"]: row["thumbnail"] for row in rows}
        return self._rows.get(sha256)


def _thumbnail(row: Row | None, stored: _StoredThumbnails, style: CardStyle, root: str | None, room: Room) -> Thumbnail:
    if row is None:
        return Thumbnail(missing="no such picture in 'images'")
    decoding = Decoding(working_side=style.side)
    try:
        with share(room) as claim:
            return _encoded(decode(_content(row, stored, root, claim), decoding).rgb, style.quality)
    except BadPicture as bad:
        return Thumbnail(missing=bad.reason)


def _content(row: Row, stored: _StoredThumbnails, root: str | None, claim: Claim) -> bytes:
    """Read the picture's file, or mining's thumbnail if there is no readable file.

    Raises:
        BadPicture, StoreError: neither is available.
    """
    try:
        if row["uri"] is None:
            raise BadPicture("mined from a table of pictures", "--images")
        if stored.unavailable is not None:
            raise stored.unavailable
        return picture_bytes(row["uri"], root, anywhere=True, claim=claim)
    except (BadPicture, StoreError) as error:
        stored.unavailable = error if isinstance(error, StoreError) else stored.unavailable
        content = stored.content(row["sha256"])
        if content is None:
            raise
        return content


def _encoded(rgb: Any, quality: int) -> Thumbnail:  # noqa: ANN401
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "WEBP", quality=quality, method=4)
    height, width = rgb.shape[:2]
    return Thumbnail(f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}", width, height)


def _pieces(keys: Sequence[Key], size: int) -> Iterator[list[Key]]:
    rest = iter(keys)
    while piece := list(islice(rest, size)):
        yield piece
