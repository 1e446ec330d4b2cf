import pyarrow as pa

from pipelines.flows.judge_relevance.summary import _failures
from pipelines.judge.protocol import REFUSED, UNREADABLE
from pipelines.judge.score_cache import ANSWERS


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
