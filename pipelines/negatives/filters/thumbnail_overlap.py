"""Finds candidates with a picture that may contain a picture of the query or a positive, or be part of it.

The last and loosest check: template matching in pixels (`template_match`), where one of the two pictures has few local
features, so that mining could not see a copy or a crop of it. It is expensive, so only candidates that would be written are
checked.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

import pyarrow as pa

from pipelines.negatives.filters.compared_notes import Comparison
from pipelines.negatives.filters.settings import Guard
from pipelines.negatives.filters.template_match import MatchImage, Pair, match_image, template_matches

FamilyPair = tuple[int, int]

MAX_MEMBERS = 6
"""Pictures of a family that are compared, those with the most features: the best preserved of its copies."""
BATCH_PAIRS = 16_384
"""Pairs of pictures that are compared at a time; bounds the decoded thumbnails."""
CACHED_PAIRS = 1 << 20
"""Pairs of pictures whose result a process keeps, from block to block."""


class Thumbnail(NamedTuple):
    """What is kept of a picture to compare it."""

    features: int
    """Number of its local features."""
    jpeg: bytes


class PictureIndex(NamedTuple):
    """The pictures of all notes, grouped into families (copies and crops of one picture)."""

    families: Mapping[str, Sequence[int]]
    """note_id -> the families of its pictures, in ascending order."""
    members: Sequence[Sequence[str]]
    """By family its distinct files (sha256), at most MAX_MEMBERS."""
    thumbnails: Mapping[str, Thumbnail]
    """By sha256."""


def picture_index(images: pa.Table, pictures: pa.Table, family: Mapping[str, int]) -> PictureIndex:
    """Index the pictures of all notes.

    Args:
        images: IMAGES (note_id, image_id, sha256).
        pictures: PICTURES (sha256, feature_count, thumbnail).
        family: image_id -> family (`image_families`).
    """
    columns = (pictures.column(name).to_pylist() for name in ("sha256", "feature_count", "thumbnail"))
    thumbnails = {sha256: Thumbnail(count, jpeg) for sha256, count, jpeg in zip(*columns, strict=True)}
    of_note: dict[str, set[int]] = {}
    files: list[set[str]] = [set() for _ in range(1 + max(family.values(), default=-1))]
    for note_id, image_id, sha256 in zip(
        *(images.column(name).to_pylist() for name in ("note_id", "image_id", "sha256")), strict=True
    ):
        if sha256 in thumbnails:
            of_note.setdefault(note_id, set()).add(family[image_id])
            files[family[image_id]].add(sha256)
    members = [sorted(own, key=lambda s: (-thumbnails[s].features, s))[:MAX_MEMBERS] for own in files]
    return PictureIndex({note: sorted(own) for note, own in of_note.items()}, members, thumbnails)


def overlaps_in_pixels(comparisons: Sequence[Comparison], index: PictureIndex, settings: Guard) -> list[bool]:
    """Whether a picture of each candidate's note may show the same as one of the notes that it is compared with.

    Whole families of pictures are compared, so that a crop that nothing ties to a blurred copy is compared with the sharp one.

    Args:
        comparisons: notes; one without a picture overlaps with none.
        index: the notes' pictures.
        settings: which pictures have few features, and the least correlation.

    Cost: that of `template_matches` for each distinct pair of pictures that is not in this process's cache.
    """
    family_pairs = [_family_pairs(*one, index) for one in comparisons]
    distinct = set[FamilyPair]().union(*family_pairs)
    pairs = {pair: list(_picture_pairs(*pair, index, settings.low_feature_count)) for pair in distinct}
    matches = _matches({pair for own in pairs.values() for pair in own}, index, settings.min_template_correlation)
    overlapping = {pair for pair, own in pairs.items() if not matches.isdisjoint(own)}
    return [not overlapping.isdisjoint(own) for own in family_pairs]


def _family_pairs(candidate: str, others: frozenset[str], index: PictureIndex) -> set[FamilyPair]:
    """The pairs of a family of the candidate and one of the other notes."""
    own = index.families.get(candidate, ())
    other_families = {f for note in others for f in index.families.get(note, ())}
    return {(min(a, b), max(a, b)) for a in own for b in other_families if a != b}


def _picture_pairs(one: int, other: int, index: PictureIndex, low_feature_count: int) -> Iterator[Pair]:
    """The pairs of two families' pictures of which one has few features."""
    for a, b in product(index.members[one], index.members[other]):
        if min(index.thumbnails[a].features, index.thumbnails[b].features) < low_feature_count:
            yield (a, b) if a < b else (b, a)


_cache: dict[tuple[Pair, float], bool] = {}
"""Results by the pictures' bytes and the least correlation, so they never become stale."""


def _matches(pairs: set[Pair], index: PictureIndex, least: float) -> set[Pair]:
    """The pairs that `template_matches` finds; cached."""
    new = sorted(pair for pair in pairs if (pair, least) not in _cache)
    if len(_cache) + len(new) > CACHED_PAIRS:
        _cache.clear()
        new = sorted(pairs)
    for begin in range(0, len(new), BATCH_PAIRS):
        part = new[begin : begin + BATCH_PAIRS]
        images: dict[str, MatchImage] = {
            sha256: match_image(index.thumbnails[sha256].jpeg) for sha256 in {name for pair in part for name in pair}
        }
        matches = template_matches(part, images, least).tolist()
        _cache.update({(pair, least): match for pair, match in zip(part, matches, strict=True)})
    return {pair for pair in pairs if _cache[pair, least]}
