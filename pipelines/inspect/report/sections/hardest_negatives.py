"""Negatives that lie nearest to their positive: where a false negative would be, if the guard has let one pass."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from pipelines.inspect.report.settings import Sampled
from pipelines.inspect.report.sql_reader import Reader, Row
from schemas.datasets import EMBEDDINGS, HARD_NEGATIVES

NEAREST, MADE = "nearest to its positive", "made by rule"
_SEARCHED = """
    select task, arg_min(
        {query_id: query_id, positive_id: positive_id, candidate_id: candidate_id, similarity: similarity,
         soft_label: soft_label, rank: rank, source: source, label_from: label_from},
        {s: -similarity, dice: md5(query_id || candidate_id || positive_id || $seed)}, $most) as found
    from hard_negatives where source <> 'rule' and similarity is not null group by task order by task
"""
_RULED = """
    select task, arg_min(
        {query_id: query_id, positive_id: positive_id, candidate_id: candidate_id, similarity: similarity,
         soft_label: soft_label, rank: rank, source: source, label_from: label_from},
        md5(query_id || candidate_id || positive_id || $seed), 1) as found
    from hard_negatives where source = 'rule' group by task order by task
"""
_VECTORS = """
    select item_id, vector from embeddings
    where model = $model and item_id in (select unnest($ids)) and vector is not null order by item_id
"""


class Negative(NamedTuple):
    """A negative that is shown."""

    row: Row
    """HARD_NEGATIVES."""
    task: str
    why: str
    nearness: float | None
    """Cosine of the negative's and the positive's own vectors; null where they were not read."""


def chosen_negatives(reader: Reader, settings: Sampled, seed: int) -> dict[str, list[Negative]]:
    """The negatives that are shown, by task: the nearest to their positive, then one that was made by rule.

    Cost: a pass over hard_negatives, with heaps of `negatives_looked_at` rows for each task; one over the embeddings.
    """
    values = {"seed": f" {seed}", "most": settings.negatives_looked_at}
    searched = reader.rows(_SEARCHED, [HARD_NEGATIVES.name], values)
    vectors = _vectors(reader, (row for task in searched for row in task["found"]), settings.vectors_gb)
    found = {task["task"]: _nearest(task["task"], task["found"], vectors, settings.negatives) for task in searched}
    ruled = reader.rows(_RULED, [HARD_NEGATIVES.name], {"seed": f" {seed}"}) if settings.negatives else []
    for task in ruled:
        made = [Negative(row, task["task"], MADE, None) for row in task["found"]]
        found[task["task"]] = found.get(task["task"], []) + made
    return found


def _nearest(task: str, rows: list[Row], vectors: Mapping[str, Any], most: int) -> list[Negative]:
    """The nearest, each of another query and another candidate."""
    negatives = [Negative(row, task, NEAREST, _cosine(vectors, row)) for row in rows]
    negatives.sort(key=lambda n: (-(n.nearness if n.nearness is not None else n.row["similarity"]), *_names(n.row)))
    kept: list[Negative] = []
    seen: set[str] = set()
    for negative in negatives:
        names = {negative.row["query_id"], negative.row["candidate_id"]}
        if not names & seen and len(kept) < most:
            kept.append(negative)
            seen |= names
    return kept


def _cosine(vectors: Mapping[str, Any], row: Row) -> float | None:
    positive, negative = vectors.get(row["positive_id"]), vectors.get(row["candidate_id"])
    if positive is None or negative is None:
        return None
    return round(float(np.dot(positive, negative)), 6)


def _names(row: Row) -> tuple[str, str, str]:
    return row["query_id"], row["candidate_id"], row["positive_id"]


def _vectors(reader: Reader, rows: Iterable[Row], most_gb: float) -> dict[str, Any]:
    """Vectors of the positives and candidates, unless there are too many to be read through."""
    run, made = reader.manifest(EMBEDDINGS.name), reader.manifest(HARD_NEGATIVES.name)
    if run is None or made is None or sum(file.size_bytes for file in run.files) > most_gb * 1e9:
        return {}
    ids = sorted({row[name] for row in rows for name in ("positive_id", "candidate_id")})
    values = {"ids": ids, "model": made.report.get("model", "")}
    found = reader.rows(_VECTORS, [EMBEDDINGS.name], values) if ids else []
    return {row["item_id"]: np.asarray(row["vector"], np.float64) for row in found}
