import io
import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from pipelines.annotate.annotation import AnnotationError, TextLine
from pipelines.annotate.ocr import OcrAnnotator, ocr_model, page_text, reading_rows
from pipelines.annotate.rapidocr_reader import RapidReader
from pipelines.annotate.settings import Ocr, TextGateSettings
from pipelines.sources.sample_corpus.scenes.text_overlay import font
from schemas.errors import SettingsError

pytestmark = pytest.mark.slow

WORDS = ("小火焖八分钟再出锅", "Let it rest overnight")
BOXES = ((60, 40, 60 + 9 * 40, 40 + 40), (60, 200, 460, 240))


def page(exif_turn: int | None = None) -> bytes:
    """Two lines of words on paper, at known places; turned and marked in EXIF if asked."""
    image = Image.new("RGB", (600, 320), (250, 244, 230))
    for words, box in zip(WORDS, BOXES, strict=True):
        ImageDraw.Draw(image).text(box[:2], words, (40, 30, 30), font(40, 600))
    exif = Image.Exif()
    if exif_turn == 6:  # to be turned by 90 degrees clockwise
        image = image.transpose(Image.Transpose.ROTATE_90)
        exif[0x0112] = 6
    buffer = io.BytesIO()
    image.save(buffer, "PNG", exif=exif)
    return buffer.getvalue()


def fold(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).casefold()


def edits(a: str, b: str) -> int:
    """Levenshtein distance, the slow way."""
    table = np.zeros((len(a) + 1, len(b) + 1), int)
    table[:, 0], table[0] = range(len(a) + 1), range(len(b) + 1)
    for i, x in enumerate(a, 1):
        for j, y in enumerate(b, 1):
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (x != y))
    return int(table[-1, -1])


def test_reads_the_sample_corpus_in_both_languages(drawn):
    read = OcrAnnotator(Ocr())
    samples = {
        "zh": [(f, w) for f, w in drawn if w and re.search("[\u4e00-\u9fff]", w)][:10],
        "en": [(f, w) for f, w in drawn if w and not re.search("[\u4e00-\u9fff]", w)][:10],
    }
    for language, pictures in samples.items():
        assert len(pictures) >= 5
        answers = read([file.read_bytes() for file, _ in pictures])
        wrong = sum(edits(fold(a.text or ""), fold(words)) for a, (_, words) in zip(answers, pictures, strict=True))
        assert wrong <= 0.03 * sum(len(fold(words)) for _, words in pictures), language


def test_a_line_has_its_box_in_the_picture(ungated):
    [answer] = ungated([page()])
    assert [fold(line.text) for line in answer.lines] == [fold(words) for words in WORDS]
    for line, box in zip(answer.lines, BOXES, strict=True):
        x0, y0, x1, y1 = (v * size for v, size in zip(line.region, (600, 320, 600, 320), strict=True))
        assert abs(x0 - box[0]) < 15 and abs(x1 - box[2]) < 60
        assert box[1] - 15 < y0 < (y0 + y1) / 2 < y1 < box[3] + 40
    assert answer.text.splitlines() == [line.text for line in answer.lines]


def test_reads_a_turned_picture_upright(ungated):
    upright, turned = ungated([page(), page(exif_turn=6)])
    assert turned.text == upright.text
    assert turned.lines[0].region == pytest.approx(upright.lines[0].region, abs=0.01)


def test_a_bad_picture_fails_only_its_own_row(ungated):
    good, whole = page(), ungated([page()])
    answers = ungated([b"", good, b"no picture", good[: len(good) // 2]])
    assert [a.reason for a in answers] == ["empty file", None, "not a picture", "truncated"]
    assert answers[1] == whole[0]


def test_a_failing_reader_gives_a_reason(ungated):
    reader = RapidReader(Ocr())
    with pytest.raises(AnnotationError) as failed:
        reader(np.zeros((0, 0, 3), np.uint8))
    assert failed.value.reason == "reader failed"


def test_only_lines_with_enough_confidence_are_kept(drawn):
    contents = [*[file.read_bytes() for file, words in drawn if not words][:12], page()]
    every, confident = (
        [a.lines or () for a in OcrAnnotator(Ocr(min_confidence=least, gate=TextGateSettings(min_score=0)))(contents)]
        for least in (0.0, 0.9)
    )
    assert sum(map(len, every)) > sum(map(len, confident))
    assert [[line for line in lines if line.confidence >= 0.9] for lines in every] == [list(lines) for lines in confident]


def test_without_text_the_detail_is_gate_or_reader(ungated):
    blank = io.BytesIO()
    Image.new("RGB", (200, 100), "white").save(blank, "PNG")
    [read], [gated] = ungated([blank.getvalue()]), OcrAnnotator(Ocr())([blank.getvalue()])
    assert (read.text, read.reason, read.detail) == (None, "no text found", "reader")
    assert (gated.text, gated.reason, gated.detail) == (None, "no text found", "gate")


def test_the_model_name_follows_from_what_changes_the_text():
    assert ocr_model(Ocr()) == ocr_model(Ocr(threads=2))
    others = [
        Ocr(side=640),
        Ocr(min_confidence=0.5),
        Ocr(gate=TextGateSettings(min_score=0.2)),
        Ocr(gate=TextGateSettings(side=256)),
    ]
    assert len({ocr_model(settings) for settings in [Ocr(), *others]}) == 5
    assert ocr_model(Ocr()).startswith("rapidocr-3.10.0#")


def test_an_unknown_reader_is_an_error():
    with pytest.raises(SettingsError, match=r"ocr\.reader is 'none'; expected an engine of annotate/load_reader\.py"):
        ocr_model(Ocr(reader="none"))


def test_confidence_is_the_mean_by_length():
    answer = page_text([TextLine("ab", 0.9, (0, 0, 1, 0.1)), TextLine("cdefgh", 0.5, (0, 0.5, 1, 0.6))])
    assert answer.confidence == pytest.approx((2 * 0.9 + 6 * 0.5) / 8)


@given(st.data())
def test_rows_are_read_from_the_top_and_each_from_the_left_whatever_the_order_and_the_size(data):
    rows = data.draw(st.integers(1, 5))
    counts = [data.draw(st.integers(1, 4)) for _ in range(rows)]
    height = data.draw(st.sampled_from([0.01, 0.05, 0.12]))
    jitter = st.floats(-0.2, 0.2)
    page = []
    for row, count in enumerate(counts):
        for column in range(count):
            top = row * 1.6 * height + data.draw(jitter) * height
            page.append(
                (row, column, TextLine(f"r{row}c{column}", 0.9, (column * 0.2, top, column * 0.2 + 0.15, top + height)))
            )
    expected = [[line for r, _, line in page if r == row] for row in range(rows)]
    shuffled = data.draw(st.permutations([line for _, _, line in page]))
    assert list(reading_rows(shuffled)) == expected


def test_chinese_pieces_of_a_row_are_joined_and_words_are_separated():
    def row(*texts):
        return page_text([TextLine(t, 1.0, (n * 0.2, 0.1, n * 0.2 + 0.1, 0.2)) for n, t in enumerate(texts)]).text

    assert row("红色", "雨伞") == "红色雨伞"
    assert row("two", "mugs", "两只") == "two mugs 两只"
