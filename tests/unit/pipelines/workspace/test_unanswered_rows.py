"""Rows that failed by the hour make their published table stale until they have an answer."""

import pyarrow as pa

from pipelines.workspace.arrow_stages import ArrowOutput, ArrowStages
from pipelines.workspace.unanswered_rows import unanswered
from pipelines.workspace.workspace import Workspace
from schemas.datasets import EMBEDDINGS


def rows(*reasons, model="m"):
    rows = [
        {"model": model, "note_id": "n", "item_id": f"i{n}", "pictures": "", "vector": None if r else [1.0], "reason": r, "detail": None}
        for n, r in enumerate(reasons)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, EMBEDDINGS.columns)


def run(stages, rows):
    """Whether the stage runs in the job's next run."""
    return stages.run([EMBEDDINGS], lambda _: [ArrowOutput(parts=[rows])], inputs={"shown": "x"} | unanswered(stages, EMBEDDINGS, ["m"]),
                      settings={}, code=())  # fmt: skip


def test_a_table_is_made_again_while_rows_of_it_wait_and_no_longer(tmp_path, capsys):
    stages = ArrowStages(Workspace(str(tmp_path)))
    assert unanswered(stages, EMBEDDINGS) == {}
    assert run(stages, rows(None, "model failed", "not a picture"))
    assert run(stages, rows(None, "model failed", "not a picture"))
    assert "embeddings: 1 rows have transient failures and are requested again" in capsys.readouterr().err
    assert run(stages, rows(None, None, "not a picture"))
    run(stages, rows(None, None, "not a picture"))  # its inputs say no longer that rows wait
    assert not run(stages, rows())


def test_rows_of_another_model_and_lasting_refusals_make_nothing_stale(tmp_path):
    stages = ArrowStages(Workspace(str(tmp_path)))
    assert run(stages, pa.concat_tables([rows(None, "not a picture"), rows("model failed", model="other")]))
    assert not run(stages, rows())
