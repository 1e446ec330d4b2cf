"""Candidates of which a picture may lie in one of the query's or of a positive's, or around it, though nothing else ties them.

The last of the guard's looks and the loosest: by pixels (`inside`), where one of the two pictures is poor in features, so
that mining could not see a copy or a crop of it. It is dear, so only what would be written is looked at.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

import pyarrow as pa

from pipelines.media.image_families import image_families
from pipelines.negatives.filters.compared_notes import Held
from pipelines.negatives.filters.false_negative_filter import Guard
from pipelines.negatives.filters.template_match import Pair, lies_in, small

Families = tuple[int, int]

MEMBERS = 6
"""Pictures of a family that are looked at, those with the most features: the best kept of its copies."""
AT_ONCE = 16_384
"""Pairs of pictures in work at a time; bounds what is unpacked."""
REMEMBERED = 1 << 20
"""Pairs of pictures whose answer a process keeps, from block to block."""


class Shown(NamedTuple):
    """What is kept of a picture to look at it."""

    features: int
    thumbnail: bytes


class Sights(NamedTuple):
    """What notes show."""

    families: Mapping[str, Sequence[int]]
    """note_id -> the families of its pictures, in ascending order."""
    members: Sequence[Sequence[str]]
    """By family its distinct files (sha256), at most MEMBERS."""
    shown: Mapping[str, Shown]
    """sha256 -> the picture."""


def sights(images: pa.Table, pictures: pa.Table, picture_pairs: pa.Table) -> Sights:
    """Of IMAGES (note_id, image_id, sha256), PICTURES (sha256, feature_count, thumbnail) and PICTURE_PAIRS."""
    columns = (pictures.column(name).to_pylist() for name in ("sha256", "feature_count", "thumbnail"))
    shown = {sha256: Shown(count, thumbnail) for sha256, count, thumbnail in zip(*columns, strict=True)}
    family = image_families(images, picture_pairs)
    of_note: dict[str, set[int]] = {}
    files: list[set[str]] = [set() for _ in range(1 + max(family.values(), default=-1))]
    for note_id, image_id, sha256 in zip(
        *(images.column(name).to_pylist() for name in ("note_id", "image_id", "sha256")), strict=True
    ):
        if sha256 in shown:
            of_note.setdefault(note_id, set()).add(family[image_id])
            files[family[image_id]].add(sha256)
    members = [sorted(own, key=lambda s: (-shown[s].features, s))[:MEMBERS] for own in files]
    return Sights({note: sorted(own) for note, own in of_note.items()}, members, shown)


def alike_in_pixels(held: Sequence[Held], known: Sights, settings: Guard) -> list[bool]:
    """Whether a picture of each candidate's note may show the same as one of the notes that it is held against.

    Whole families of pictures are compared, so that a crop which nothing ties to a blurred copy is held against the sharp one.

    Args:
        held: notes; one without a picture is like none.
        known: what they show.
        settings: what is poor, and how much must agree.

    Cost: that of `lies_in` for each distinct pair of pictures that this process has not seen yet.
    """
    asks = [_families(*one, known) for one in held]
    pairs = {both: list(_pairs(*both, known, settings.poor_features)) for both in set[Families]().union(*asks)}
    found = _found({pair for own in pairs.values() for pair in own}, known, settings.min_lying)
    alike = {both for both, own in pairs.items() if not found.isdisjoint(own)}
    return [not alike.isdisjoint(ask) for ask in asks]


def _families(candidate: str, others: frozenset[str], known: Sights) -> set[Families]:
    """The pairs of families of which one is the candidate's."""
    here, there = known.families.get(candidate, ()), {f for note in others for f in known.families.get(note, ())}
    return {(min(a, b), max(a, b)) for a in here for b in there if a != b}


def _pairs(one: int, other: int, known: Sights, poor: int) -> Iterator[Pair]:
    """The pairs of two families' pictures of which one has few features."""
    for a, b in product(known.members[one], known.members[other]):
        if min(known.shown[a].features, known.shown[b].features) < poor:
            yield (a, b) if a < b else (b, a)


_seen: dict[tuple[Pair, float], bool] = {}
"""By the bytes of the pictures and what was asked of them, so it is never stale."""


def _found(pairs: set[Pair], known: Sights, least: float) -> set[Pair]:
    """Those that `lies_in` finds; remembered."""
    new = sorted(pair for pair in pairs if (pair, least) not in _seen)
    if len(_seen) + len(new) > REMEMBERED:
        _seen.clear()
        new = sorted(pairs)
    for begin in range(0, len(new), AT_ONCE):
        part = new[begin : begin + AT_ONCE]
        smalls = {sha256: small(known.shown[sha256].thumbnail) for sha256 in {name for pair in part for name in pair}}
        _seen.update({(pair, least): said for pair, said in zip(part, lies_in(part, smalls, least).tolist(), strict=True)})
    return {pair for pair in pairs if _seen[pair, least]}
