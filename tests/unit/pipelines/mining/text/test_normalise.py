"""Folding keeps what people mean and where it stood."""

import unicodedata

import pytest

from pipelines.mining.text.normalise import LONGEST_SEGMENT, fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ｆｕｌｌ　Ｗｉｄｔｈ", "fullwidth"),
        ("Straße, STRASSE!", "strassestrasse"),
        ("红烧肉🍖👨‍👩‍👧✨ ～好吃❤️", "红烧肉好吃"),
        ("1,200.50 g / ３kg / ½ 杯", "0g0kg0杯"),
        ("第①步 第12步", "第0步第0步"),
        ("1️⃣2️⃣ go", "0go"),
        ("e\u0301 and é", "éandé"),
        ("한국 \u1112\u1161\u11ab\u1100\u116e\u11a8", "한국한국"),
        ("ｶﾞﾗｽ", "ガラス"),
        ("हिन्दी", "हिन्दी"),
        ("a\u200bb\ufeffc\u00add", "abcd"),
        (
            "\u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f \u0643\u062a\u0640\u0640\u0627\u0628",
            "\u0645\u062d\u0645\u062f\u0643\u062a\u0627\u0628",
        ),
        ("\u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd", "\u05e9\u05dc\u05d5\u05dd"),
        ("\u0622 \u0627\u0653", "\u0622\u0622"),
        ("\ud800lone\udfff", "lone"),
        ("", ""),
        ("好", "好"),
        ("🎉", ""),
    ],
)
def test_folds(text, folded):
    assert fold([text]).text(0) == folded


def test_folds_a_batch_as_it_folds_each_text():
    texts = ["12", "34 abc", "\u0301x", "", "好1", "2", "e", "\u0301"]
    together = fold(texts)
    for b, text in enumerate(texts):
        alone = fold([text])
        low, high = together.bounds[b], together.bounds[b + 1]
        assert together.text(b) == alone.text(0)
        assert together.starts[low:high].tolist() == alone.starts.tolist()
        assert together.ends[low:high].tolist() == alone.ends.tolist()


def test_tells_where_each_character_stood():
    text = "Aé ﬁ 1,234 好"
    folded = fold([text])
    pieces = [text[s:e] for s, e in zip(folded.starts, folded.ends, strict=True)]
    assert list(zip(folded.text(0), pieces, strict=True)) == [
        ("a", "A"), ("é", "é"), ("f", "ﬁ"), ("i", "ﬁ"), ("0", "1,234"), ("好", "好"),
    ]  # fmt: skip


def test_folds_no_text_and_no_texts():
    assert fold([]).bounds.tolist() == [0]
    assert fold(["", ""]).bounds.tolist() == [0, 0, 0]


def test_folds_a_heap_of_combining_marks_piece_by_piece():
    heap = "a" + "\u0301\u0316" * 50_000
    folded = fold([heap]).text(0)
    assert folded[:2] == unicodedata.normalize("NFKC", heap[:LONGEST_SEGMENT])[:2]
    assert len(folded) > 90_000


def test_folds_a_million_characters():
    text = "红烧肉 with 500 g 五花肉。" * 50_000
    assert fold([text]).text(0) == "红烧肉with0g五花肉" * 50_000
