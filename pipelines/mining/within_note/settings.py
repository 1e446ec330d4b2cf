"""Settings of the within-note pairs."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class WithinNote:
    """Settings of `within_note_pairs` (method.md, sections 1 and 3)."""

    images_per_note: Annotated[int, Field(ge=0, le=1000)] = 2
    """Pictures of a note that are paired with it, selected by a hash."""
    crops_per_note: Annotated[int, Field(ge=0, le=1000)] = 1
    """Crops cut from a note's pictures, at most one a picture."""
    min_crop_area: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Smallest share of the picture's area that a crop shows."""
    max_crop_area: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Largest share of the picture's area that a crop shows."""
    passages_per_note: Annotated[int, Field(ge=0, le=10_000)] = 2
    """Passages of a note's text that are paired with it, selected by a hash."""
    min_passage_chars: Annotated[int, Field(ge=1, le=1_000_000)] = 12
    """Shortest passage in folded letters outside hashtags, links and other boilerplate (a number is one): a shorter sentence
    does not identify its note."""
    max_passage_chars: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    """Longest passage in characters: a longer sentence is cut, before a link that the cut would divide."""
    max_notes_per_passage: Annotated[int, Field(ge=1, le=1_000_000)] = 3
    """A sentence in more notes is boilerplate: as a query it would have too many answers."""
