import sys
import time
import unicodedata

from schemas.combining_marks import _LONG_RUN, LONGEST, stream_safe


def test_every_combining_mark_there_is_can_make_a_heap():
    missed = [
        c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.combining(c) and not _LONG_RUN.search(c * (LONGEST + 1))
    ]
    assert missed == []


def test_texts_of_people_are_what_they_were():
    for text in (
        "red mug",
        "Việt Nam nhiều dấu " * 9,
        "हिन्दी में लिखा हुआ " * 9,
        "ภาษาไทยที่มีสระ" * 9,
        "红色马克杯" * 99,
        "עִבְרִית " * 30,
        "👨‍👩‍👧" * 40,
    ):
        assert stream_safe(text) == text


def test_a_heap_of_a_million_marks_is_normalised_in_linear_time():
    """Marks of two classes by turns: NFKC sorts them by insertion, 20 minutes for a million."""
    began = time.process_time()
    unicodedata.normalize("NFKC", stream_safe("a" + "\u0316\u0301" * 500_000))
    assert time.process_time() - began < 10
