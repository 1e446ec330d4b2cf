"""Why a candidate may not be a negative, in the order of the checks."""

KEPT = "kept"
REASONS = (
    KEPT,
    "split: in another split than the query",
    "query_component: in the content group of the query",
    "positive_component: in the content group of a positive of the query",
    "mined_pair: a mined pair links its note to the note of the query",
    "weak_positive: no positive of the query scores above margin.least_positive",
    "below_band: similarity below the band",
    "above_band: similarity above the band",
    "positive_margin: similarity too close to that of the positive",
    "judged_relevant: the judge's probability is at least judge_ceiling",
    "judge_margin: the judge's probability is too close to that of the positive",
    "shared_text: n-gram overlap with the query or a positive",
    "similar_picture: a copy or crop of, or a picture near in PDQ to, one of the query or a positive",
    "duplicate_negative: in the content group of a better negative",
    "rare_ngrams: its note shares rare n-grams with the note of the query or a positive",
    "picture_overlap: a picture of its note may contain a picture of the query or a positive, or be part of it",
)
"""By number, in the order of the checks. The last two check only candidates that would be written."""
(
    _,
    SPLIT,
    QUERY_COMPONENT,
    POSITIVE_COMPONENT,
    MINED_PAIR,
    WEAK_POSITIVE,
    BELOW_BAND,
    ABOVE_BAND,
    POSITIVE_MARGIN,
    JUDGED_RELEVANT,
    JUDGE_MARGIN,
    SHARED_TEXT,
    SIMILAR_PICTURE,
    DUPLICATE_NEGATIVE,
    RARE_NGRAMS,
    PICTURE_OVERLAP,
) = range(len(REASONS))
