"""A block's rows are those that a look at all rows finds, in their order."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipelines.negatives.search.candidate_search import Block
from pipelines.negatives.search.rows_by_query import rows_by_query

IDS = [f"item{i}" for i in range(20)]
WORLD = SimpleNamespace(numbers=lambda ids: np.array([IDS.index(i) if i in IDS else -1 for i in ids.to_pylist()]))


@pytest.mark.parametrize("seed", range(5))
def test_finds_what_a_filter_finds(seed):
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, 22, 60)
    rows = pa.table(
        {
            "query_id": [IDS[i] if i < 20 else f"stranger{i}" for i in drawn],
            "task": rng.choice(["a", "b"], 60).tolist(),
            "row": np.arange(60),
        }
    )
    block = Block("a", np.unique(rng.integers(0, 20, 6)))
    asked = pa.array([IDS[i] for i in block.items])
    mine = rows.filter(pc.is_in(rows.column("query_id"), value_set=asked))
    grouped = rows_by_query(WORLD, rows)
    assert grouped.of(block, every_task=True).equals(mine)
    assert grouped.of(block).equals(mine.filter(pc.equal(mine.column("task"), "a")))
    assert len(mine) > 0
