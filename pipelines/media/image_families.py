"""Families of images: equal bytes, or a verified pair of copies or crops, in any number of steps. No engine.

A chain of pairs makes one family: a copy of a copy is a copy, and an image that contains a crop of a part
contains what the part shows. Too many in one family costs a negative, too few makes a false one.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def image_families(images: pa.Table, picture_pairs: pa.Table) -> Mapping[str, int]:
    """The family of each image of a corpus.

    Args:
        images: IMAGES, or its columns image_id and sha256.
        picture_pairs: PICTURE_PAIRS, or its columns sha256_l and sha256_r.

    Returns:
        image_id -> number of its family. Cost: linear in images and pairs.
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


def families_in_note(files: Sequence[str], neighbours: Sequence[Sequence[str]]) -> list[int]:
    """The family of each image of one note, where the pairs of other notes are not at hand.

    Two images are of one family when they have the same bytes, are a verified pair, or are both paired with a third
    image, in this note or in any other; and so on in a chain of such steps within the note.

    Args:
        files: sha256 of each image.
        neighbours: for each, the sha256 of the images that it is paired with anywhere.

    Returns:
        Numbers from 0, by first occurrence. Cost: linear.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for file, others in zip(files, neighbours, strict=True):
        for other in others:
            parent[root(other)] = root(file)
    numbers: dict[str, int] = {}
    return [numbers.setdefault(root(file), len(numbers)) for file in files]
