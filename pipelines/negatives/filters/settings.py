"""Settings of the false-negative filter and of the selection of negatives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import Field

from pipelines.negatives.filters.score_margins import MarginSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Settings of the false-negative filter and of the selection."""

    RENAMED: ClassVar[Mapping[str, str]] = {
        "max_standing": "max_ngram_overlap",
        "max_look": "max_pdq_distance",
        "poor_features": "low_feature_count",
        "min_lying": "min_template_correlation",
        "min_shared_grams": "min_shared_ngrams",
        "familiar_notes": "max_ngram_df",
        "spread": "stride",
    }
    negatives: Annotated[int, Field(ge=1)] = 8
    """Negatives of a query and positive (method.md, section 4)."""
    positives_per_query: Annotated[int, Field(ge=1)] = 4
    """Positives of a query and task that negatives are written for. Ours: the note, the note with the part replaced, and two
    across notes; all of them get the same negatives of the query, except for the rule-made one."""
    margin: MarginSettings = field(default_factory=MarginSettings)
    judge_ceiling: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Calibrated judgement from which a candidate counts as relevant. Ours: more likely relevant than not."""
    max_ngram_overlap: Annotated[float, Field(gt=0, le=1)] = 0.4
    """Share of a passage's n-grams that the other text must not contain. Ours: a passage with 8 % of its letters retyped keeps
    about half of its n-grams of 8 letters; two texts that only share a language have less than a tenth in common."""
    max_pdq_distance: Annotated[int, Field(ge=0, le=256)] = 48
    """PDQ distance (bits of 256, at the best rotation or flip) up to which a candidate's picture counts as similar to one of
    the query or a positive. Ours: at 96 it removed 17 % of the candidates of 888 real notes, of 28 labelled ones none relevant
    (docs/results/labelled-pairs.md); on the benchmark 48 lets no false negative more through."""
    low_feature_count: Annotated[int, Field(ge=0)] = 0
    """Number of local features (at most 220) below which mining may miss a copy or a crop: such a picture is compared with
    others by template matching. 0: none is. Ours: 150 takes fifteen times as long on the benchmark for one false negative of
    171,454, and of 28 labelled candidates of real notes that it removed none was relevant."""
    min_template_correlation: Annotated[float, Field(ge=0, le=1)] = 0.7
    """Correlation of image gradients from which one picture counts as part of another (`template_match`). Ours, dev/log.md:
    finds seven of ten crops that mining cannot see, and matches 4 % of the pairs of different pictures that look alike."""
    min_shared_ngrams: Annotated[int, Field(ge=1)] = 12
    """Number of rare n-grams (4 Chinese characters or 8 other letters) from which two notes that share them count as related.
    Ours: 15 Chinese characters in a row, three or four English words; about as long as what mining calls a passage."""
    max_ngram_df: Annotated[int, Field(ge=0)] = 50
    """Document frequency, in notes, up to which an n-gram counts as rare. Ours: above the notes of one product line, below a
    greeting."""
    max_ngram_share: Annotated[float, Field(ge=0, le=1)] = 0.02
    """The same as a share of the notes, and at least 2 notes; the smaller of the two limits holds."""
    stride: Annotated[int, Field(ge=1)] = 1
    """Take every stride-th candidate, in rounds, so that the negatives differ; UniME-V2 uses 5. 1: the nearest ones."""
