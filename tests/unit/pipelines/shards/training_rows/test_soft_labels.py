import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.shards.training_rows.soft_labels import ItemScores, SoftLabels, label_row

SCORE = st.none() | st.floats(-1, 1)
KNOWN = st.builds(ItemScores, SCORE, st.none() | st.floats(0, 1), st.booleans())
SETTINGS = st.builds(
    SoftLabels,
    prefer=st.sampled_from(["judge", "similarity", "none"]),
    min_judged_share=st.floats(0, 1),
    judge_ceiling=st.floats(0, 1),
)


@given(KNOWN, st.lists(KNOWN, max_size=9), SETTINGS)
def test_a_row_has_one_scale_or_no_labels(positive, candidates, settings):
    row = label_row(positive, candidates, settings)
    labels = [label for label, keep in zip(row.candidates, row.keep, strict=True) if keep]
    field = {"judge": "judged", "similarity": "similarity"}.get(row.label_from)
    assert all((label is None) == (field is None) for label in [row.positive, *labels])
    if field:
        assert row.positive >= getattr(positive, field)
        for label, c in zip(labels, [c for c, keep in zip(candidates, row.keep, strict=True) if keep], strict=True):
            assert label == getattr(c, field) or (c.rule_made and field == "similarity" and label < getattr(c, field))
    assert row.temperature == {"judge": 0.1, "similarity": 0.02, None: None}[row.label_from]
    assert settings.prefer != "none" or row.label_from is None
    assert settings.prefer != "similarity" or row.label_from != "judge"


@given(KNOWN, st.lists(KNOWN, max_size=9), SETTINGS)
def test_every_candidate_stays_or_is_counted(positive, candidates, settings):
    row = label_row(positive, candidates, settings)
    assert sum(row.keep) + row.relevant + row.unlabelled + row.above == len(candidates)
    relevant = [c.judged is not None and c.judged >= settings.judge_ceiling for c in candidates]
    assert row.relevant == sum(relevant)
    assert not any(keep and false for keep, false in zip(row.keep, relevant, strict=True))
    assert sum(row.keep) > 0 or sum(relevant) == len(candidates)


@given(KNOWN, st.lists(KNOWN, max_size=9), SETTINGS)
def test_the_positive_has_the_largest_label_of_its_row(positive, candidates, settings):
    row = label_row(positive, candidates, settings)
    labels = [label for label, keep in zip(row.candidates, row.keep, strict=True) if keep]
    assert row.label_from is None or all(label < row.positive for label in labels)


@given(KNOWN, st.lists(KNOWN, max_size=9), SETTINGS)
def test_the_positive_has_half_of_the_target_or_more_and_its_own_score_where_that_is_enough(positive, candidates, settings):
    row = label_row(positive, candidates, settings)
    labels = [label for label, keep in zip(row.candidates, row.keep, strict=True) if keep]
    if row.label_from and labels:

        def share(label):
            powers = np.exp((np.array([label, *labels]) - label) / row.temperature)
            return powers[0] / powers.sum()

        own = positive.judged if row.label_from == "judge" else positive.similarity
        assert share(row.positive) >= 0.5 - 1e-9
        assert row.positive == own if share(own) > 0.5 + 1e-9 else share(row.positive) <= 0.5 + 1e-9


def test_what_the_encoder_puts_at_or_above_the_positive_leaves_the_row():
    row = label_row(ItemScores(0.5, None), [ItemScores(s, None) for s in (0.6, 0.5, 0.4)], SoftLabels())
    assert (row.label_from, row.positive, row.keep, row.above) == ("similarity", 0.5, [False, False, True], 2)


def test_a_rule_made_negative_stays_below_its_positive_whatever_the_encoder_says():
    row = label_row(ItemScores(0.5, None), [ItemScores(0.9, None, rule_made=True), ItemScores(0.4, None)], SoftLabels())
    assert (row.candidates, row.keep, row.above) == ([0.475, 0.4], [True, True], 0)


def test_where_the_judge_puts_the_positive_last_the_row_has_the_similarity():
    row = label_row(ItemScores(0.9, 0.1), [ItemScores(0.6, 0.2), ItemScores(0.5, 0.1)], SoftLabels())
    assert (row.label_from, row.positive, row.candidates, row.keep) == ("similarity", 0.9, [0.6, 0.5], [True, True])


def test_where_every_scale_puts_the_positive_last_the_row_stays_whole_without_labels():
    row = label_row(ItemScores(0.1, None), [ItemScores(0.6, None), ItemScores(0.5, None)], SoftLabels())
    assert (row.label_from, row.positive, row.keep, row.temperature) == (None, None, [True, True], None)


def test_a_row_that_is_judged_has_the_judges_labels_and_loses_what_was_not_judged():
    row = label_row(
        ItemScores(0.9, 0.8),
        [ItemScores(0.6, 0.1), ItemScores(0.5, 0.2), ItemScores(0.4, 0.0), ItemScores(0.7, None)],
        SoftLabels(),
    )
    assert (row.label_from, row.positive) == ("judge", 0.8)
    assert row.keep == [True, True, True, False]
    assert row.unlabelled == 1


def test_too_few_judged_is_the_similarity():
    row = label_row(ItemScores(0.9, 0.8), [ItemScores(0.6, 0.1), ItemScores(0.5, None)], SoftLabels())
    assert (row.label_from, row.candidates, row.keep) == ("similarity", [0.6, 0.5], [True, True])


def test_a_positive_that_is_not_judged_has_no_judged_negatives_beside_it():
    assert label_row(ItemScores(0.9, None), [ItemScores(0.6, 0.1)], SoftLabels()).label_from == "similarity"


def test_a_candidate_that_the_judge_calls_relevant_leaves_on_any_scale():
    row = label_row(ItemScores(0.9, None), [ItemScores(0.6, 0.9), ItemScores(0.5, None)], SoftLabels())
    assert (row.label_from, row.keep, row.relevant) == ("similarity", [False, True], 1)


def test_a_positive_without_a_similarity_leaves_the_row_unlabelled_and_whole():
    row = label_row(ItemScores(None, None), [ItemScores(0.6, None), ItemScores(None, None)], SoftLabels())
    assert (row.label_from, row.positive, row.keep) == (None, None, [True, True])


def test_a_scale_that_leaves_nothing_is_not_taken():
    row = label_row(ItemScores(0.9, None), [ItemScores(None, None)], SoftLabels())
    assert (row.label_from, row.keep) == (None, [True])
