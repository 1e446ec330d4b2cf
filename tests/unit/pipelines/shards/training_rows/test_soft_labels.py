from hypothesis import given
from hypothesis import strategies as st

from pipelines.shards.training_rows.soft_labels import Known, Labels, labelled

SCORE = st.none() | st.floats(0, 1)
KNOWN = st.builds(Known, SCORE, SCORE)
SETTINGS = st.builds(
    Labels,
    prefer=st.sampled_from(["judge", "similarity", "none"]),
    min_judged_share=st.floats(0, 1),
    judge_ceiling=st.floats(0, 1),
)


@given(KNOWN, st.lists(KNOWN, max_size=9), SETTINGS)
def test_a_row_has_one_scale_or_no_labels(positive, candidates, settings):
    found = labelled(positive, candidates, settings)
    labels = [label for label, kept in zip(found.candidates, found.kept, strict=True) if kept]
    field = {"judge": "judged", "similarity": "similarity"}.get(found.label_from)
    assert all((label is None) == (field is None) for label in [found.positive, *labels])
    if field:
        assert found.positive == getattr(positive, field)
        assert labels == [getattr(c, field) for c, kept in zip(candidates, found.kept, strict=True) if kept]
    assert settings.prefer != "none" or found.label_from is None
    assert settings.prefer != "similarity" or found.label_from != "judge"


@given(KNOWN, st.lists(KNOWN, max_size=9), SETTINGS)
def test_every_candidate_stays_or_is_counted(positive, candidates, settings):
    found = labelled(positive, candidates, settings)
    assert sum(found.kept) + found.relevant + found.unlabelled == len(candidates)
    relevant = [c.judged is not None and c.judged >= settings.judge_ceiling for c in candidates]
    assert found.relevant == sum(relevant)
    assert not any(kept and false for kept, false in zip(found.kept, relevant, strict=True))
    assert sum(found.kept) > 0 or sum(relevant) == len(candidates)


def test_a_row_that_is_judged_has_the_judges_labels_and_loses_what_was_not_judged():
    found = labelled(Known(0.9, 0.8), [Known(0.6, 0.1), Known(0.5, 0.2), Known(0.4, 0.0), Known(0.7, None)], Labels())
    assert (found.label_from, found.positive) == ("judge", 0.8)
    assert found.kept == [True, True, True, False]
    assert found.unlabelled == 1


def test_too_few_judged_is_the_similarity():
    found = labelled(Known(0.9, 0.8), [Known(0.6, 0.1), Known(0.5, None)], Labels())
    assert (found.label_from, found.candidates, found.kept) == ("similarity", [0.6, 0.5], [True, True])


def test_a_positive_that_is_not_judged_has_no_judged_negatives_beside_it():
    assert labelled(Known(0.9, None), [Known(0.6, 0.1)], Labels()).label_from == "similarity"


def test_a_candidate_that_the_judge_calls_relevant_leaves_on_any_scale():
    found = labelled(Known(0.9, None), [Known(0.6, 0.9), Known(0.5, None)], Labels())
    assert (found.label_from, found.kept, found.relevant) == ("similarity", [False, True], 1)


def test_a_positive_without_a_similarity_leaves_the_row_unlabelled_and_whole():
    found = labelled(Known(None, None), [Known(0.6, None), Known(None, None)], Labels())
    assert (found.label_from, found.positive, found.kept) == (None, None, [True, True])


def test_a_scale_that_leaves_nothing_is_not_taken():
    found = labelled(Known(0.9, None), [Known(None, None)], Labels())
    assert (found.label_from, found.kept) == (None, [True])
