"""Winnowing read out gram by gram, and its guarantee: a shared run that is long enough shares a fingerprint."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.mining.text.normalise import fold
from pipelines.mining.text.settings import PartialText
from pipelines.mining.text.winnowing import grams, linked, widths, winnowed

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


def mixed(x):
    """SplitMix64 of whole numbers."""
    x = (x + 0x9E3779B97F4A7C15) % 2**64
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
    return x ^ x >> 31


def grams_by_hand(text, columns):
    """(hash, end) of the gram at each place, of those that end within the text."""
    result = []
    for start in range(len(text)):
        value = width = 0
        for end in range(start, len(text)):
            value = mixed(value ^ ord(text[end]) + 1)
            width += 2 if text[end] > "z" else 1
            if width >= columns:
                result.append((value, end + 1))
                break
    return result


def chosen_by_hand(result, values, window):
    """{value: place} of the places at which the rightmost smallest gram of each window stands."""
    windows = [range(k, k + window) for k in range(len(values) - window + 1)] or [range(len(values))]
    places = {min(w, key=lambda k: (result[k][0], -k)) for w in windows if w}
    return {values[k]: k for k in sorted(places, reverse=True)}


def hashes_by_text(fingerprints):
    return dict(zip((fingerprints.values.view("uint64")).tolist(), fingerprints.at.tolist(), strict=True))


@given(FEW, st.integers(1, 8), st.integers(1, 9))
def test_the_grams_are_those_chosen_by_hand(text, columns, window):
    folded, result = fold([text]), grams_by_hand(text, columns)
    expected = chosen_by_hand(result, [value for value, _ in result], window)
    assert hashes_by_text(winnowed(grams(folded.codes, folded.bounds, columns), window)) == expected


@given(FEW, st.integers(1, 4), st.integers(1, 5), st.integers(1, 4))
def test_the_links_are_those_chosen_by_hand(text, columns, reach, window):
    folded, result = fold([text]), grams_by_hand(text, columns)
    links = []
    for value, end in result:
        seconds = [result[k][0] for k in range(end, min(end + reach, len(result)))]
        if seconds:
            links.append(min(mixed(value ^ mixed(second)) for second in seconds))
    expected = chosen_by_hand(result[: len(links)], links, window)
    assert hashes_by_text(linked(grams(folded.codes, folded.bounds, columns), reach, window)) == expected
