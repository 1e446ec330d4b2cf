import pyarrow as pa

from pipelines.flows.judge_relevance.summary import _refused
from pipelines.judge.protocol import REFUSED, UNREADABLE
from pipelines.judge.score_cache import SAID


def said(*rows):
    return pa.Table.from_pylist(
        [dict.fromkeys(SAID.names) | {"reason": r, "detail": d, "score": None if r else 0.5} for r, d in rows], SAID
    )


def test_each_reason_is_told_with_one_detail_the_same_in_every_order():
    rows = [(REFUSED, "422 no such field"), (REFUSED, "400 too long"), (UNREADABLE, None), (None, None)]
    lines = _refused(said(*rows))
    assert [line.strip() for line in lines] == [
        "2  without a score: server refused",
        "such as: 400 too long",
        "1  without a score: server's answer not understood",
    ]
    assert _refused(said(*reversed(rows))) == lines
