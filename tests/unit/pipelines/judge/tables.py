"""Small tables of pairs, items and judges that need no model."""

import pyarrow as pa

from pipelines.judge.protocol import SCORES
from pipelines.judge.select_pairs import PAIRS_TO_JUDGE
from schemas.datasets import HARD_NEGATIVES, POSITIVES
from schemas.item import ITEM, item_id


def item(kind, note, images=(), text=None, region=None):
    box = dict(zip(("x0", "y0", "x1", "y1"), region, strict=True)) if region else None
    name = item_id(kind, note, images, region, text)
    return {"item_id": name, "kind": kind, "note_id": note, "image_ids": list(images), "region": box, "text": text}


def task_of(query, candidate):
    return "_to_".join("image" if one["kind"] == "crop" else one["kind"] for one in (query, candidate))


def pairs(*rows, source="band"):
    """PAIRS_TO_JUDGE of (query, candidate) or (query, candidate, source)."""
    table_rows = []
    for query, candidate, *why in rows:
        table_rows.append(
            {
                "query_id": query["item_id"],
                "candidate_id": candidate["item_id"],
                "task": task_of(query, candidate),
                "query": query,
                "candidate": candidate,
                "source": why[0] if why else source,
                "similarity": 0.5,
            }
        )
    return pa.Table.from_pylist(table_rows, PAIRS_TO_JUDGE)


def positives(*rows):
    """POSITIVES of (query, target, granularity)."""
    table_rows = [
        {
            "pair_id": f"p{n}",
            "granularity": granularity,
            "task": task_of(query, target),
            "query": query,
            "target": target,
            "score": 1.0,
            "evidence": {},
            "component_id": query["note_id"],
            "split": "train",
        }
        for n, (query, target, granularity) in enumerate(rows)
    ]
    return pa.Table.from_pylist(table_rows, POSITIVES.columns)


def negatives(*rows):
    """HARD_NEGATIVES of (query, positive, candidate, similarity, source)."""
    table_rows = [
        {
            "query_id": query["item_id"],
            "positive_id": positive["item_id"],
            "candidate_id": candidate["item_id"],
            "task": task_of(query, candidate),
            "rank": n + 1,
            "similarity": similarity,
            "soft_label": similarity,
            "source": source,
            "label_from": "similarity",
        }
        for n, (query, positive, candidate, similarity, source) in enumerate(rows)
    ]
    return pa.Table.from_pylist(table_rows, HARD_NEGATIVES.columns)


def items(*some):
    return pa.table({"item": pa.array(some, ITEM)})


class CountingJudge:
    """Scores by the length of the candidate's text, in tenths; records the pairs and pictures that it gets."""

    model, prompt_hash = "counting#1", "0123"

    def __init__(self):
        self.candidates, self.pictures = [], []

    def __call__(self, rows, pictures):
        self.candidates += rows.column("candidate_id").to_pylist()
        self.pictures.append(dict(pictures))
        table_rows = [
            {"query_id": r["query_id"], "candidate_id": r["candidate_id"], "score": len(r["candidate"]["text"] or "") / 10}
            for r in rows.to_pylist()
        ]
        return pa.Table.from_pylist(table_rows, SCORES)

    def tokens(self, rows, sizes):
        return 10 * len(rows)
