"""Annotations are reused only while the code that computed them is the same."""

import pyarrow as pa
import pytest

from pipelines.annotate.settings import Describe
from schemas.datasets import ANNOTATIONS


def rows():
    row = dict.fromkeys(ANNOTATIONS.columns.names) | {"image_id": "i", "note_id": "n", "sha256": "s", "model": "m"}
    return pa.Table.from_pylist([row | {"kind": "ocr"}, row | {"kind": "description"}], ANNOTATIONS.columns)


@pytest.mark.parametrize("changed", [(), ("ocr",), ("description",), ("ocr", "description")])
def test_rows_of_another_code_are_computed_again(changed):
    from pipelines.flows.annotate_images.annotation_stage import ANNOTATED_BY, annotator_code, reusable_annotations
    from pipelines.workspace.manifest import Counts, Manifest

    describe = Describe()
    stored = annotator_code(describe) | dict.fromkeys(changed, "old")
    run = Manifest(
        dataset="annotations", run_id="r", files=[], counts=Counts(rows_in=None, rows_out=2, dropped={}), inputs={}, settings={},
        code="c", seconds=0, published_at="", versions={}, report={ANNOTATED_BY: stored},
    )  # fmt: skip
    reused = set(reusable_annotations(rows(), run, describe).column("kind").to_pylist())
    assert reused == {"ocr", "description"} - set(changed)
    assert len(reusable_annotations(rows(), None, describe)) == 0


def test_paid_descriptions_of_a_server_are_reused_whatever_the_code(monkeypatch):
    from pipelines.flows.annotate_images import annotation_stage

    before = {name: annotation_stage.annotator_code(Describe(name=name))["description"] for name in ("server", "transformers")}
    monkeypatch.setattr(annotation_stage, "code_fingerprint", lambda *_: "another")
    after = {name: annotation_stage.annotator_code(Describe(name=name))["description"] for name in ("server", "transformers")}
    assert after["server"] == before["server"] and after["transformers"] != before["transformers"]
