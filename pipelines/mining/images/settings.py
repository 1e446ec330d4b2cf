"""Settings of the matching of pictures."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from pipelines.mining.images.verify.feature_alignment import Matching
from pipelines.mining.images.verify.verify_pair import Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Settings of `matched_pictures` and `image_pairs`."""

    words: Annotated[int, Field(ge=0, le=10_000)] = 128
    """Local features of a picture that are indexed and asked for, the strongest first.
    Source: measured, dev/log.md: 128 with 2 flips find more than 64 with 3, and fewer strangers."""
    flips: Annotated[int, Field(ge=0, le=6)] = 2
    """Least certain bits of a word that a query tries both ways: 2**flips keys a word."""
    hash_radius: Annotated[int, Field(ge=0, le=64)] = 21
    """PDQ bits within which no pair of pictures is missed, in any turn or flip; wider needs shorter, more common keys."""
    max_pictures_per_key: Annotated[int, Field(ge=2, le=10_000)] = 50
    """A key that more pictures have is crowded: its pictures are tied by a chain."""
    chain_links: Annotated[int, Field(ge=1, le=1000)] = 2
    """Neighbours that a picture of a crowded key is paired with."""
    max_candidates: Annotated[int, Field(ge=1, le=10_000)] = 64
    """A pair is looked at if it is among so many of either picture, those with the most keys in common."""
    max_shown: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Notes that show one file, up to which all of them are paired with each other; and pairs of notes, up to which those that
    show two files that match are. Beyond, only the first one is paired with all."""
    matching: Matching = field(default_factory=Matching)
    verification: Verification = field(default_factory=Verification)
