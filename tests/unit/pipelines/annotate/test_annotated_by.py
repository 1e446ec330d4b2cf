"""What was said of a picture is known under the code that said it alone."""

import pyarrow as pa
import pytest

from pipelines.annotate.describe import Describe
from schemas.tables import ANNOTATIONS


def rows():
    row = dict.fromkeys(ANNOTATIONS.columns.names) | {"image_id": "i", "note_id": "n", "sha256": "s", "model": "m"}
    return pa.Table.from_pylist([row | {"kind": "ocr"}, row | {"kind": "description"}], ANNOTATIONS.columns)


@pytest.mark.parametrize("changed", [(), ("ocr",), ("description",), ("ocr", "description")])
def test_rows_of_another_code_are_asked_again(changed):
    from pipelines.annotate_job.annotations import ANNOTATED_BY, code, made_before
    from pipelines.workspace.manifest import Counts, Manifest

    describe = Describe()
    said = code(describe) | dict.fromkeys(changed, "old")
    run = Manifest(
        dataset="annotations", run_id="r", files=[], counts=Counts(rows_in=None, rows_out=2, dropped={}), inputs={}, settings={},
        code="c", seconds=0, published_at="", versions={}, report={ANNOTATED_BY: said},
    )  # fmt: skip
    kept = set(made_before(rows(), run, describe).column("kind").to_pylist())
    assert kept == {"ocr", "description"} - set(changed)
    assert len(made_before(rows(), None, describe)) == 0


def test_descriptions_that_were_paid_for_are_kept_by_the_name_of_their_server_alone(monkeypatch):
    from pipelines.annotate_job import annotations

    before = {name: annotations.code(Describe(name=name))["description"] for name in ("server", "transformers")}
    monkeypatch.setattr(annotations, "code_fingerprint", lambda *_: "another")
    after = {name: annotations.code(Describe(name=name))["description"] for name in ("server", "transformers")}
    assert after["server"] == before["server"] and after["transformers"] != before["transformers"]
