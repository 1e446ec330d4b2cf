from dataclasses import replace

import pyarrow as pa

from pipelines.flows.judge_relevance.summary import _failures, _metrics
from pipelines.judge.calibration.agreement_metrics import Interval
from pipelines.judge.calibration.evaluate import evaluate
from pipelines.judge.calibration.fit import CalibrationSettings
from pipelines.judge.calibration.refitted_rates import Rates
from pipelines.judge.protocol import REFUSED, UNREADABLE
from pipelines.judge.score_cache import ANSWERS
from tests.unit.pipelines.judge.calibration.test_evaluate import labelled


def answers(*rows):
    return pa.Table.from_pylist(
        [dict.fromkeys(ANSWERS.names) | {"reason": r, "detail": d, "score": None if r else 0.5} for r, d in rows], ANSWERS
    )


def test_each_reason_has_one_detail_whatever_the_order():
    rows = [(REFUSED, "422 no such field"), (REFUSED, "400 too long"), (UNREADABLE, None), (None, None)]
    lines = _failures(answers(*rows))
    assert [line.strip() for line in lines] == [
        "2  without a score: server refused",
        "such as: 400 too long",
        "1  without a score: server's answer not understood",
    ]
    assert _failures(answers(*reversed(rows))) == lines


def test_the_metrics_name_both_rates_and_the_error_of_chance():
    _, evaluation = evaluate(labelled(0.5), None, None, CalibrationSettings(draws=100), ("m", "q"))
    rates = Rates(Interval(0.75, 0.5, 0.91), Interval(0.99, float("nan"), float("nan")))
    lines = _metrics(replace(evaluation, auc=0.8, error_before=0.08, error_after=0.02, error_floor=0.012, rates=rates))
    assert lines[0].endswith("0.0800 raw, 0.0200 calibrated (0.0120 is what chance alone shows)")
    assert lines[2] == (
        "  sensitivity 0.750 (0.500 to 0.910), specificity 0.990 (unknown to unknown), the map fitted again in each draw"
    )
