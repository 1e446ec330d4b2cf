"""A key with a multitude of pictures is read in linear time."""

import numpy as np
import pyarrow as pa
import pytest

from pipelines.images import meeting


@pytest.mark.parametrize("batches", [20, 200])
def test_one_key_with_most_rows_is_copied_a_few_times_and_not_once_a_batch(monkeypatch, batches):
    monkeypatch.setattr(meeting, "MOST_ROWS", 1_000)
    joined, copied = meeting._joined, []

    def counting(parts):
        copied.append(sum(len(part.key) for part in parts))
        return joined(parts)

    monkeypatch.setattr(meeting, "_joined", counting)
    size, columns = 500, {"key": np.zeros(500, np.int64), "asked": np.zeros(500, bool)}
    given = [pa.RecordBatch.from_pydict(columns | {"picture": np.arange(size) + size * n}) for n in range(batches)]
    runs = list(meeting.whole_runs(given))
    assert [len(run.key) for run in runs] == [size * batches]
    assert np.array_equal(runs[0].picture, np.arange(size * batches))
    assert sum(copied) <= 4 * size * batches
