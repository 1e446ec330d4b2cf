"""The pictures of the page: only what is shown is read and decoded, until the page is full."""

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
from pipelines.inspect.report.settings import Shown
from pipelines.inspect.report.sql_reader import Reader
from pipelines.media.decode import BadPicture, Decoding, decode
from pipelines.media.picture_bytes import Claim, picture_bytes
from pipelines.media.read_ahead import Room, share
from pipelines.workspace.image_root import image_root
from pipelines.workspace.progress_line import Say
from schemas.errors import StoreError
from schemas.intermediate import PICTURES

Row = Mapping[str, Any]
AT_A_TIME = 32
FULL = "left out: the page is full"
_STORED = "select sha256, thumbnail from mined_pictures where sha256 in (select unnest($ids)) order by sha256"


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A picture as the page holds it, or why it does not."""

    uri: str = ""
    """data:image/webp;base64,…"""
    width: int = 0
    height: int = 0
    missing: str = ""


def uses(cards: Sequence[Sequence[Card]], others: Sequence[Key]) -> Counter[Key]:
    """How often each picture is shown; in the order in which they get their place: the first card of each group first."""
    longest = max(map(len, cards), default=0)
    first = [
        picture.key for rank in range(longest) for group in cards if rank < len(group) for picture in group[rank].pictures()
    ]
    return Counter([*first, *others])


def thumbnails(
    wanted: Counter[Key], pictures: Mapping[Key, Row], reader: Reader, shown: Shown, budget: float, say: Say
) -> dict[Key, Thumbnail]:
    """The pictures of the page.

    Args:
        wanted: how often each is shown, in the order of their places (`uses`).
        pictures: IMAGES (uri, sha256) by key.
        reader: for the thumbnails that mining has stored, where a file is no longer there.
        shown: side and quality.
        budget: characters that all of them may take.
        say: told of the progress.

    Cost: 5 ms a picture, and the way of its bytes; memory of `AT_A_TIME` files.
    """
    found: dict[Key, Thumbnail] = {}
    keys, left = list(wanted), budget
    stored = _Stored(reader, sorted({pictures[key]["sha256"] for key in keys if key in pictures}))
    root, room = image_root(reader.workspace), Room()
    with ThreadPoolExecutor(max_workers=8) as pool:
        for some in _pieces(keys, AT_A_TIME):
            for key, made in zip(
                some, pool.map(lambda k: _made(pictures.get(k), stored, shown, root, room), some), strict=True
            ):
                cost = len(made.uri) * wanted[key]
                found[key] = made if cost <= left else Thumbnail(missing=FULL)
                left -= cost if cost <= left else 0
            say(f"report: {len(found):,} of {len(keys):,} pictures")
            if left < 1:
                break
    return found | {key: Thumbnail(missing=FULL) for key in keys if key not in found}


class _Stored:
    """The small pictures that mining stored of these, read when a file is missing for the first time."""

    def __init__(self, reader: Reader, ids: list[str]) -> None:
        self._reader, self._ids, self._lock = reader, ids, Lock()
        self._rows: dict[str, bytes] | None = None
        self.away: StoreError | None = None
        """Why the pictures' store is asked no more."""

    def content(self, sha256: str) -> bytes | None:
        """The JPEG of a picture, if there is one."""
        with self._lock:
            if self._rows is None:
                have = (
                    self._reader.rows(_STORED, [PICTURES.name], {"ids": self._ids}) if self._reader.has(PICTURES.name) else []
                )
                self._rows = {row["sha256"]: row["thumbnail"] for row in have}
        return self._rows.get(sha256)


def _made(row: Row | None, stored: _Stored, shown: Shown, root: str | None, room: Room) -> Thumbnail:
    if row is None:
        return Thumbnail(missing="no such picture in 'images'")
    decoding = Decoding(working_side=shown.side)
    try:
        with share(room) as claim:
            return _encoded(decode(_content(row, stored, root, claim), decoding).rgb, shown.quality)
    except BadPicture as bad:
        return Thumbnail(missing=bad.reason)


def _content(row: Row, stored: _Stored, root: str | None, claim: Claim) -> bytes:
    """The bytes of the file; where it cannot be read or never was one, of mining's own thumbnail.

    Raises:
        BadPicture, StoreError: there is neither.
    """
    try:
        if row["uri"] is None:
            raise BadPicture("mined from a table of pictures", "--images")
        if stored.away is not None:
            raise stored.away
        return picture_bytes(row["uri"], root, anywhere=True, claim=claim)
    except (BadPicture, StoreError) as error:
        stored.away = error if isinstance(error, StoreError) else stored.away
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
