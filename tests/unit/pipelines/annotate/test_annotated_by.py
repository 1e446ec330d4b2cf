"""What was said of a picture is known under the code that said it alone."""

import pyarrow as pa
import pytest

from pipelines.annotate.load_describer import Describe
from schemas.datasets import ANNOTATIONS


def rows():
    row = dict.fromkeys(ANNOTATIONS.columns.names) | {"image_id": "i", "note_id": "n", "sha256": "s", "model": "m"}
    return pa.Table.from_pylist([row | {"kind": "ocr"}, row | {"kind": "description"}], ANNOTATIONS.columns)


@pytest.mark.parametrize("changed", [(), ("ocr",), ("description",), ("ocr", "description")])
def test_rows_of_another_code_are_asked_again(changed):
    from pipelines.flows.annotate_images.annotation_stage import ANNOTATED_BY, code, made_before
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
    from pipelines.flows.annotate_images import annotation_stage

    before = {name: annotation_stage.code(Describe(name=name))["description"] for name in ("server", "transformers")}
    monkeypatch.setattr(annotation_stage, "code_fingerprint", lambda *_: "another")
    after = {name: annotation_stage.code(Describe(name=name))["description"] for name in ("server", "transformers")}
    assert after["server"] == before["server"] and after["transformers"] != before["transformers"]
