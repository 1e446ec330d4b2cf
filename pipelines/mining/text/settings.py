"""Settings of partial text."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from schemas.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialText:
    """Settings of `shared_passages`: passages that two notes share."""

    min_shared_chars: Annotated[int, Field(ge=1, le=10_000)] = 28
    """Folded characters that a passage must share outside boilerplate; a Chinese, Japanese or Korean one counts two.

    Any shared run as long has a shared gram. Ours: six English words or fourteen Chinese characters; a name is shorter.
    """
    edit_penalty: Annotated[int, Field(ge=0, le=1000)] = 1
    """Shared characters subtracted for each edited one before a passage is compared with min_shared_chars. Ours."""
    max_document_frequency: Annotated[int, Field(ge=2, le=10_000)] = 5
    """A fingerprint in more notes is boilerplate. Bounds the join at half as many pairs per fingerprint. Ours."""
    gram_columns: Annotated[int, Field(ge=1, le=10_000)] = 16
    """Width of a gram in columns (a letter is 1, a Chinese, Japanese or Korean character 2); at most min_shared_chars. Ours."""
    link_columns: Annotated[int, Field(ge=1, le=1000)] = 4
    """Width in columns of each of the two grams of a link, the fingerprint that an edit between them does not change. Ours."""
    link_reach: Annotated[int, Field(ge=1, le=1000)] = 8
    """Following grams among which the second gram of a link is selected. Ours, after Sahlin 2021."""
    link_window: Annotated[int, Field(ge=1, le=1000)] = 3
    """Consecutive grams of which one begins a link: 1 is the most sensitive and costs twice as many rows as 3. Ours."""
    max_pairs_per_note: Annotated[int, Field(ge=1, le=100_000)] = 200
    """Candidate pairs of a note that are aligned, those with the most shared fingerprints first. Ours."""
    max_seeds_per_pair: Annotated[int, Field(ge=1, le=100_000)] = 256
    """Shared fingerprints of a candidate pair that are kept as seeds, evenly over the text. Ours."""
    max_extensions: Annotated[int, Field(ge=1, le=100_000)] = 32
    """Seeds of a pair that are extended into an alignment. Ours."""
    edit_cost: Annotated[int, Field(ge=3, le=1000)] = 6
    """Score of an edit, where an equal character is worth 2: at 6 a changed character undoes two equal ones. Ours."""
    score_drop: Annotated[int, Field(ge=0, le=100_000)] = 8
    """Fall of the score at which an alignment ends: at 8 it passes two changed characters in a row, but no changed word.

    Ours: people who retype lose single characters; another word makes another passage.
    """
    min_containment: Annotated[float, Field(gt=0, le=1)] = 0.7
    """Share of the shorter text from which a passage counts though many notes have it: a text that went round is more of a note
    than a footer is. Measured on weibo posts: docs/explanation/algorithms/partial_text.md."""
    min_copied_chars: Annotated[int, Field(ge=1, le=10_000_000)] = 160
    """Folded characters (counted as min_shared_chars is) from which such a passage is a pair; a shorter one, from
    min_shared_chars on, only ties the two notes to one split. Each note is compared with two of those that have the text."""
    min_body_chars: Annotated[int, Field(ge=1, le=10_000_000)] = 50
    """Folded characters from which notes with equal bodies below different titles are tied to one split; whole texts are from
    gram_columns on."""
    min_copied_grams: Annotated[int, Field(ge=1, le=1_000_000)] = 6
    """Boilerplate grams that a note must share with the first note that has them for the two to be aligned. Ours."""

    def __post_init__(self) -> None:
        """Refuse values that would break the guarantee or the arithmetic."""
        if not 1 <= self.gram_columns <= self.min_shared_chars:
            raise SettingsError(
                f"partial_text.gram_columns: expected 1 to min_shared_chars ({self.min_shared_chars}), got {self.gram_columns}"
            )
        positive = (
            "link_columns",
            "link_reach",
            "link_window",
            "max_pairs_per_note",
            "max_seeds_per_pair",
            "max_extensions",
            "min_copied_chars",
        )
        wrong = [f"{name}: expected at least 1, got {getattr(self, name)}" for name in positive if getattr(self, name) < 1]
        if self.max_document_frequency < 2:
            wrong.append(f"max_document_frequency: expected at least 2, got {self.max_document_frequency}")
        if self.edit_cost < 3:
            wrong.append(f"edit_cost: expected at least 3 (an edit must cost more than a match is worth), got {self.edit_cost}")
        if wrong:
            raise SettingsError(f"partial_text: {'; '.join(wrong)}")

    @property
    def gram_window(self) -> int:
        """Consecutive grams of which one is kept, so that any shared run of min_shared_chars has one."""
        return (self.min_shared_chars - self.gram_columns) // 2 + 1
