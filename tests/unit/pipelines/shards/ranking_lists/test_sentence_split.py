from hypothesis import given
from hypothesis import strategies as st

from pipelines.media.sentences import sentence_pieces
from pipelines.media.text_fold import cased_letters
from pipelines.shards.ranking_lists.sentence_split import content, parted

TEXT = st.lists(
    st.sampled_from(["红色的杯子", "很好看", "a mug", "1.5 cups", "。", "！", ". ", "\n", " ", "✨", "?", "x"]), max_size=14
).map("".join)


@given(TEXT | st.text(max_size=40))
def test_pieces_are_the_text(text):
    assert "".join(sentence_pieces(text)) == text


@given(TEXT | st.text(max_size=40))
def test_the_parts_share_no_sentence_and_lose_none(text):
    first, second = parted(text)
    assert not content(first) & content(second)
    assert content(first) | content(second) == content(text)
    if len(content(text)) > 1:
        assert content(first) and content(second)


@given(st.lists(st.text("abcdefgh", min_size=1, max_size=9), min_size=2, max_size=8, unique=True))
def test_no_other_cut_is_more_even(sentences):
    first, second = (sum(map(len, content(part))) for part in parted("".join(f"{s}。" for s in sentences)))
    sizes = [len(s) for s in sentences]
    assert abs(first - second) == min(abs(sum(sizes[:k]) - sum(sizes[k:])) for k in range(1, len(sizes)))


def test_a_decimal_is_no_end():
    assert sentence_pieces("1.5 cups. Two") == ["1.5 cups. ", "Two"]


def test_what_differs_in_case_and_marks_is_the_same():
    assert cased_letters("A Mug!") == cased_letters("a  mug…") == "amug"
