"""The report page: one complete file with its charts, safe from markup in a note's text."""

from html.parser import HTMLParser

import numpy as np
import pyarrow as pa

from pipelines.judge.calibration.evaluate import evaluate
from pipelines.judge.calibration.fit import CalibrationSettings
from pipelines.judge.calibration.report_page import ReportHeader, page
from pipelines.judge.score_cache import ANSWERS
from tests.unit.pipelines.judge.calibration.test_evaluate import labelled
from tests.unit.pipelines.judge.tables import item, pairs

EVIL = item("note", "b", ["b0"], "</td><script>alert(1)</script>")
PAIRS = pairs((item("image", "a", ["a0"]), EVIL), (item("image", "c", ["c0"]), EVIL))
ANSWER_ROWS = pa.Table.from_pylist(
    [
        {"query_id": q, "candidate_id": c, "task": "image_to_note", "pictures": "", "score": s, "reason": r, "flagged": f}
        for (q, c), s, r, f in zip(
            zip(PAIRS["query_id"].to_pylist(), PAIRS["candidate_id"].to_pylist(), strict=True),
            [0.99, None],
            [None, "too long"],
            ["candidate: <b>gives orders</b>", None],
            strict=True,
        )
    ],
    ANSWERS,
)


class Balance(HTMLParser):
    """Every tag that opens closes; what is fetched from elsewhere."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.words = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in ("meta", "circle", "line", "rect"):
            self.open.append(tag)
        assert not {"src", "href"} & {name for name, _ in attrs}

    def handle_endtag(self, tag):
        if tag not in ("circle", "line", "rect"):
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def read(text):
    parser = Balance()
    parser.feed(text.removeprefix("<!doctype html>").replace("/>", ">"))
    return parser


def test_the_page_has_three_charts_and_every_number():
    _, numbers = evaluate(labelled(0.5), None, None, CalibrationSettings(draws=200), ("m#1", "q"))
    text = page(ReportHeader("m#1", "q", "calibrated now: kappa 0.9", numbers), PAIRS, ANSWER_ROWS, np.array([0, -1], np.int8))
    parsed = read(text.replace("<polyline", "<line").replace("polyline>", "line>"))
    assert parsed.open == []
    assert parsed.tags.count("svg") == 3
    assert "script" not in parsed.tags
    words = " ".join(parsed.words)
    for expected in (
        "m#1",
        "calibrated now",
        "Cohen's kappa",
        f"{numbers.kappa.value:.4f}",
        f"{numbers.error_floor:.4f}",
        *(f"{one.value:.4f} ({one.low:.4f} to {one.high:.4f})" for one in numbers.rates),
        "not run",
        "<script>alert(1)",
        "too long",
    ):
        assert expected in words
    assert "unknown" in words  # the controls that were not run


def test_the_reliability_curve_has_a_dot_for_each_bin_of_both_curves():
    _, numbers = evaluate(labelled(1.5), None, None, CalibrationSettings(draws=200), ("m#1", "q"))
    text = page(ReportHeader("m", "q", "", numbers), PAIRS, ANSWER_ROWS, np.array([0, -1], np.int8))
    assert text.count("<circle") == len(numbers.before.counts) + len(numbers.after.counts) > 10


def test_a_judge_without_an_evaluation_has_a_page_of_its_answers():
    parsed = read(page(ReportHeader("m", "q", "not calibrated", None), PAIRS, ANSWER_ROWS, np.zeros(0, np.int8)))
    assert parsed.open == [] and "svg" not in parsed.tags
    assert "image_to_note" in " ".join(parsed.words)
