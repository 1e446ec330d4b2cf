"""Every reason that a step gives stands in the one table that says where it lies."""

import ast
from pathlib import Path

import pyarrow as pa

from pipelines.items.failure_reasons import NO_FAULT, PASSING, Reason, passing, refused

PIPELINES = Path(__file__).resolve().parents[4] / "pipelines"
REFUSALS = {"BadPicture", "BadContent", "BadPair", "AnnotationError"}
NOT_OF_ROWS_OF_RAY_JOBS = {"mined from a table of pictures", "not encoded"}
"""Of the report and of the shards, whose rows no other run takes up."""


def literals():
    """(file, text) of every refusal whose reason is written where it is raised."""
    for file in PIPELINES.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            refusal = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFUSALS
            if refusal and isinstance(node.args[0], ast.Constant):
                yield file.relative_to(PIPELINES), node.args[0].value


def test_no_step_gives_a_reason_that_the_table_does_not_know():
    earlier = {*Reason, *NOT_OF_ROWS_OF_RAY_JOBS}
    result = list(literals())
    assert len(result) > 10
    assert [(str(file), text) for file, text in result if text not in earlier] == []


def test_a_fault_of_the_hour_is_asked_again_and_what_the_content_says_is_not():
    reasons = pa.chunked_array([["model failed", "unreadable file", None], ["not a picture", "no text found", "new"]])
    assert passing(reasons).to_pylist() == [True, True, False, False, False, False]
    assert refused(reasons).to_pylist() == [True, True, False, True, False, True]
    assert passing(pa.array([None, None], pa.string())).to_pylist() == [False, False]
    assert {"model failed", "missing file"} <= PASSING and {"nothing to encode"} <= NO_FAULT


def test_a_reason_is_its_text_wherever_it_goes():
    import pickle

    assert pa.array([Reason.TRUNCATED, None], pa.string()).to_pylist() == ["truncated", None]
    assert f"{pickle.loads(pickle.dumps(Reason.TRUNCATED))}" == "truncated"
