"""The guarantee of winnowing: a shared run that is long enough shares a fingerprint, whatever is around it."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.text.normalise import fold
from pipelines.text.settings import PartialText
from pipelines.text.winnow import grams, linked, widths, winnowed

FEW = st.text(st.sampled_from("abc好吃了"), max_size=40)
RUN = st.text(st.sampled_from("abcdefgh红烧肉的做法"), min_size=1, max_size=40)


def fingerprints(text, settings):
    folded = fold([text])
    return set(winnowed(grams(folded.codes, folded.bounds, settings.gram_columns), settings.gram_window).values.tolist())


@given(FEW, FEW, RUN, FEW, FEW, st.integers(1, 16), st.integers(0, 12))
def test_a_shared_run_shares_a_gram(before, prior, run, after, later, columns, more):
    settings = PartialText(min_shared_chars=columns + more, gram_columns=columns)
    width = int(widths(fold([run]).codes).sum())
    run = run * (-(-settings.min_shared_chars // width))
    assert fingerprints(before + run + after, settings) & fingerprints(prior + run + later, settings)


@given(FEW, FEW, RUN, FEW, FEW, st.integers(1, 4), st.integers(1, 8), st.integers(1, 4))
def test_a_shared_run_shares_a_link(before, prior, run, after, later, columns, reach, window):
    run = (run * 40)[: 2 * columns + reach + window - 2]
    sides = []
    for text in (before + run + after, prior + run + later):
        folded = fold([text])
        sides.append(set(linked(grams(folded.codes, folded.bounds, columns), reach, window).values.tolist()))
    assert sides[0] & sides[1]


@given(st.lists(FEW, max_size=6))
def test_a_text_has_the_same_fingerprints_alone_and_in_a_batch(texts):
    folded = fold(texts)
    together = winnowed(grams(folded.codes, folded.bounds, 4), 3)
    for b, text in enumerate(texts):
        alone = fold([text])
        assert set(together.values[together.owner == b].tolist()) == set(
            winnowed(grams(alone.codes, alone.bounds, 4), 3).values.tolist()
        )
