import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from small_encoder.hashed_text import FEATURES, features, segments, tokens


def test_folds_width_case_and_drops_what_is_no_word():
    assert tokens("Ｔwo  RED-mugs❤️, 2只紅杯。") == ["two", "red", "mugs", "2", "只", "紅", "杯"]


def test_a_word_is_one_token_and_so_is_each_character_of_chinese():
    assert tokens("马克杯mug马克") == ["马", "克", "杯", "mug", "马", "克"]


def test_neighbours_change_a_tokens_pairs_and_not_its_own_number():
    one, other = features("red mug", 10_000, 9), features("blue mug", 10_000, 9)
    assert one[1, 0] == other[1, 0]
    assert one[1, 1] != other[1, 1] and one[1, 2] != other[1, 2]


def test_singular_and_plural_share_their_beginning():
    assert features("mugs", 10_000, 9)[0, 3] != features("lamps", 10_000, 9)[0, 3]
    assert features("teapot", 10_000, 9)[0, 3] == features("teapots", 10_000, 9)[0, 3]


def test_the_numbers_are_those_that_the_shipped_weights_were_trained_with():
    assert features("红 mug", 12288, 9).tolist() == [[3009, 4843, 1828, 11296], [2089, 1309, 8661, 11983]]


@given(st.text(max_size=200), st.integers(1, 50))
def test_any_text_gives_rows_in_the_table(text, most):
    hashed = features(text, 97, most)
    assert hashed.shape == (min(len(tokens(text)), most), FEATURES)
    assert hashed.dtype == np.int32
    assert ((hashed >= 0) & (hashed < 97)).all()


def test_a_text_comes_in_lines_and_a_long_line_in_windows():
    hashed = segments("red mug\n。。\n" + "a " * 7 + "\nlast", 97, longest=3, most=9)
    assert [len(piece) for piece in hashed] == [2, 3, 3, 1, 1]
    assert hashed[0].tolist() == features("red mug", 97, 9).tolist()
    assert [len(piece) for piece in segments("red mug\n。。\n" + "a " * 7, 97, longest=3, most=2)] == [2, 3]
    assert segments(" ", 97, 3, 2) == []
