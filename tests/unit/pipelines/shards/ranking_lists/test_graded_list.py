from hypothesis import given
from hypothesis import strategies as st

from pipelines.shards.ranking_lists.graded_list import GradedCandidate, grade_list

LEVEL = st.sampled_from([0.0, 0.2, 0.5, 0.9])
CANDIDATES = st.lists(st.tuples(LEVEL, LEVEL, st.integers(0, 3)), max_size=9).map(
    lambda rows: [GradedCandidate(f"c{k}", *row) for k, row in enumerate(rows)]
)


@given(CANDIDATES, st.integers(1, 3), st.integers(1, 9), st.randoms())
def test_the_order_is_strict_where_it_counts_and_nothing_is_lost(candidates, min_grade, places, random):
    graded = grade_list(candidates, min_grade, places)
    good = graded.order[: graded.relevant]
    assert all(g.grade >= min_grade for g in good)
    assert all(g.grade < min_grade for g in graded.order[graded.relevant :])
    assert [(g.label, g.score) for g in good] == sorted({(g.label, g.score) for g in good}, reverse=True)
    assert len(graded.order) <= places
    assert len(graded.order) + graded.tied + graded.overflow == len(candidates)
    random.shuffle(candidates)
    assert grade_list(candidates, min_grade, places) == graded


def test_relevant_ones_come_before_others_when_places_are_few():
    rows = [GradedCandidate("a", 0.1, 0.1, 0), GradedCandidate("b", 0.9, 0.9, 3), GradedCandidate("c", 0.5, 0.5, 1)]
    assert [g.candidate_id for g in grade_list(rows, 1, 2).order] == ["b", "c"]
