"""Scores and reasons as rows of SCORES."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from pipelines.judge.prompt.question import BadPair, injection_flags
from pipelines.judge.protocol import SCORES

PairOutcome = float | BadPair
"""A score, or why there is none."""


@dataclass(frozen=True, slots=True)
class _ScoreRow:
    score: float | None
    reason: str | None
    detail: str | None


def score_rows(pairs: pa.Table, outcomes: Sequence[PairOutcome]) -> pa.Table:
    """SCORES from PAIRS and their outcomes, in the same order; `flagged` follows from the texts, whatever the judge."""
    rows = [
        _ScoreRow(None, one.reason, one.detail) if isinstance(one, BadPair) else _ScoreRow(float(one), None, None)
        for one in outcomes
    ]
    columns = {
        "query_id": pairs.column("query_id"),
        "candidate_id": pairs.column("candidate_id"),
        "score": pa.array([r.score for r in rows], pa.float64()),
        "flagged": pa.array([injection_flags(pair) for pair in pairs.select(["query", "candidate"]).to_pylist()], pa.string()),
        "reason": pa.array([r.reason for r in rows], pa.string()),
        "detail": pa.array([r.detail for r in rows], pa.string()),
    }
    return pa.table([columns[name] for name in SCORES.names], schema=SCORES)
