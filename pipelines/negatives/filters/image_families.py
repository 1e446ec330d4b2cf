"""Which pictures show the same: the same bytes, or a verified pair of copies or crops, in any number of steps."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def families(images: pa.Table, picture_pairs: pa.Table) -> Mapping[str, int]:
    """The family of each picture.

    A chain of pairs makes one family: a copy of a copy is a copy, and a picture that holds a crop of
    the part holds what the part shows. Too many in one family costs a negative, too few makes a false one.

    Args:
        images: IMAGES, or its columns image_id and sha256.
        picture_pairs: PICTURE_PAIRS, or its columns sha256_l and sha256_r.

    Returns:
        image_id -> number of its family. Cost: linear in pictures and pairs.
    """
    both = pa.chunked_array(
        [*images.column("sha256").chunks, *picture_pairs.column("sha256_l").chunks, *picture_pairs.column("sha256_r").chunks],
        pa.string(),
    )
    files = pc.unique(both)
    left, right = (np.asarray(pc.index_in(picture_pairs.column(c), value_set=files)) for c in ("sha256_l", "sha256_r"))
    links = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(len(files), len(files)))
    _, family = connected_components(links, directed=False)
    of_image = family[np.asarray(pc.index_in(images.column("sha256"), value_set=files))]
    return dict(zip(images.column("image_id").to_pylist(), of_image.tolist(), strict=True))
