"""Training rows as sentence-transformers' trainer reads them: anchor, positive, negative_1 to negative_n."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuples:
    """Settings of `--format sentence-transformers`."""

    negatives: Annotated[int, Field(ge=0)] = 4
    """Negatives of a row, the first by rank; a row with fewer is left out."""
