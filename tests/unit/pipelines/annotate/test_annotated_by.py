"""What was said of a picture is known under the code that said it alone."""

import pyarrow as pa
import pytest

from schemas.tables import ANNOTATIONS


def rows():
    row = dict.fromkeys(ANNOTATIONS.columns.names) | {"image_id": "i", "note_id": "n", "sha256": "s", "model": "m"}
    return pa.Table.from_pylist([row | {"kind": "ocr"}, row | {"kind": "description"}], ANNOTATIONS.columns)


@pytest.mark.parametrize("changed", [(), ("ocr",), ("description",), ("ocr", "description")])
def test_rows_of_another_code_are_asked_again(changed):
    from pipelines.annotate_job.annotations import ANNOTATED_BY, _code, made_before
    from pipelines.workspace.manifest import Counts, Manifest

    said = _code() | dict.fromkeys(changed, "old")
    run = Manifest(
        dataset="annotations", run_id="r", files=[], counts=Counts(rows_in=None, rows_out=2, dropped={}), inputs={}, settings={},
        code="c", seconds=0, published_at="", versions={}, report={ANNOTATED_BY: said},
    )  # fmt: skip
    kept = set(made_before(rows(), run).column("kind").to_pylist())
    assert kept == {"ocr", "description"} - set(changed)
    assert len(made_before(rows(), None)) == 0
