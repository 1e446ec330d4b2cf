"""The pictures of a split's shards and edited versions of them, by image_id."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import cv2
import pyarrow as pa

from schemas.errors import DataError
from uninote_train.data.stored_pixels import stored_pixels
from uninote_train.evaluation.ablated_views import REENCODED, edited
from uninote_train.models.protocol import Pixels

JPEG_QUALITY = 95
"""JPEG quality of edited pictures that are written for another encoder."""


class PictureFiles(Mapping[str, Pixels]):
    """image_id -> RGB pixels, decoded on access. Files are memory-mapped; picklable."""

    def __init__(self, files: Sequence[Path]) -> None:
        """Keep the names; files are opened on first access."""
        self.files = tuple(files)

    def __getitem__(self, image_id: str) -> Pixels:
        """Decode.

        Raises:
            KeyError: no shard has it.
            DataError: its bytes are not a picture.
        """
        if image_id.endswith(REENCODED):
            return edited(self[image_id.removesuffix(REENCODED)])
        content = self.content(image_id)
        pixels = stored_pixels(content)
        if pixels is None:
            raise DataError(f"picture {image_id}: {len(content)} bytes that are not a picture; build the shards again")
        return pixels

    def __contains__(self, image_id: object) -> bool:
        """Whether a shard has it, without decoding."""
        return isinstance(image_id, str) and image_id.removesuffix(REENCODED) in self._opened[1]

    def __iter__(self) -> Iterator[str]:
        """The ids of the stored pictures."""
        return iter(self._opened[1])

    def __len__(self) -> int:
        """The number of stored pictures."""
        return len(self._opened[1])

    def content(self, image_id: str) -> bytes:
        """The bytes of a picture file: as stored, or an edited picture as JPEG."""
        if image_id.endswith(REENCODED):
            _, coded = cv2.imencode(".jpg", self[image_id][:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
            return coded.tobytes()
        tables, positions = self._opened
        file, row = positions[image_id]
        return bytes(tables[file].column("content")[row].as_py())

    def __reduce__(self) -> tuple[type["PictureFiles"], tuple[Sequence[Path]]]:
        """Pickled without open files: a worker opens them itself."""
        return type(self), (self.files,)

    @cached_property
    def _opened(self) -> tuple[list[pa.Table], dict[str, tuple[int, int]]]:
        tables, positions = [], {}
        for n, file in enumerate(self.files):
            try:
                tables.append(pa.ipc.open_file(pa.memory_map(str(file))).read_all())
            except (OSError, pa.ArrowInvalid) as error:
                raise DataError(f"{file}: not a readable Arrow file: {str(error).splitlines()[0]}") from None
            positions.update({name: (n, row) for row, name in enumerate(tables[n].column("image_id").to_pylist())})
        return tables, positions
