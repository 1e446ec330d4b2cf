"""Every pattern that sees what strangers wrote, on a million repeats of what could lead it astray: linear, or it would not end."""

import time

import pytest

from pipelines.annotate import caption_describer, ocr
from pipelines.annotate.annotation import TextLine
from pipelines.judge.prompt import injection_flags, text_fence
from pipelines.media.sentences import sentences
from pipelines.media.text_fold import letters
from pipelines.shards.ranking_lists import sentence_split
from small_encoder import hashed_text

pytestmark = pytest.mark.slow

SIZE, LONG = 1_000_000, 20_000
"""Quadratic patterns took 4 to 9 s for LONG characters, and hours for SIZE."""
UNITS = ["\n", " ", "\t", "\u3000", "<", "< ", "[", "[ ", "</ ", "<< ", "<|a", "query\n", "query", "query: ", "system ", "you are ", "is  ", "ignore ",
         "say ", "answer ", "end of  the ", "text of  ", "回答", "忽略", "写", "\u0316\u0301", "\u200b", "\u200d", "\U000e0041", "\U0001f3f4", "a", "0",
         ". ", ".", "。", "!", ">", "\r", "\u2028", "\u4e00 ", "\uff0c ", "{", "#", "*"]  # fmt: skip
READERS = {
    "flags": injection_flags.flags,
    "fence": lambda text: text_fence.fenced(text, len(text)),
    "reserved tokens": text_fence._harmless,
    "own words": caption_describer.SENTENCE_END.split,
    "sentences": sentences,
    "shards": sentence_split.parted,
    "words of OCR": lambda text: ocr._joined([TextLine(text, 1.0, (0.0, 0.0, 1.0, 1.0))]),
    "to_every_note of annotations": letters,
    "small encoder": hashed_text.tokens,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(("head", "tail"), [("", ""), ("<", "x"), ("[", "\n"), ("query", "x")])
def test_repeats_of_anything_take_linear_time(name, head, tail):
    for unit in UNITS:
        text = head + unit * (LONG // len(unit)) + tail
        began = time.process_time()
        READERS[name](text)
        assert time.process_time() - began < 2, (unit, head, tail)


@pytest.mark.parametrize("unit", ["\n", " ", "<", "< ", "\u0316\u0301"])
def test_flags_of_a_million_characters_take_seconds(unit):
    """A million line breaks took ten hours: at each of them the pattern of a line's start read all that follow."""
    began = time.process_time()
    injection_flags.flags("<" + unit * (SIZE // len(unit)) + "x")
    assert time.process_time() - began < 30
