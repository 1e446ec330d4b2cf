"""docs/how-to/add-an-ocr.md, applied to a copy of the tree: the engine of the page reads a picture, through the actor's code."""

import json
import subprocess
import sys

import pytest

from tests.support.page_edits import apply_page, copy_of_the_tree
from tests.support.workspaces import ROOT

PAGE = ROOT / "docs" / "how-to" / "add-an-ocr.md"
READ = """
import json, sys
import cv2
import numpy as np
import pyarrow as pa
from pipelines.annotate.annotate_chunk import CHUNK, LoadOcr, LoadPictureFileReader
from pipelines.flows.annotate_images.settings import AnnotateImages
from schemas.settings import load_settings

code = cv2.resize(cv2.QRCodeEncoder.create().encode("two mugs 30 yuan"), None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST)
picture = np.full((400, 600), 255, np.uint8)
picture[40 : 40 + code.shape[0], 60 : 60 + code.shape[1]] = code
cv2.imwrite("qr.png", picture)
cv2.imwrite("blank.png", np.full((400, 600), 255, np.uint8))
names = ["qr.png", "blank.png", "missing.png"]
rows = pa.Table.from_pylist([{"image_id": n, "note_id": "n", "sha256": n, "uri": n} for n in names], CHUNK)
ocr = load_settings(AnnotateImages, None, ["ocr.reader=qr", "ocr.gate.min_score=0"], {}).ocr
annotations = LoadOcr(ocr)()(rows, LoadPictureFileReader()()(rows))
box = annotations["lines"].to_pylist()[0][0]["region"]
print(json.dumps([
    annotations["text"].to_pylist(), annotations["reason"].to_pylist(), annotations["model"].to_pylist()[0],
    [round(box["x0"] * 600), round(box["y0"] * 400)], "rapidocr" in sys.modules or "onnxruntime" in sys.modules,
]))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = copy_of_the_tree(tmp_path_factory.mktemp("copy") / "uninote-pairs")
    assert len(apply_page(PAGE, folder)) <= 2
    return folder


def test_the_new_engine_reads_a_picture_without_rapidocr(tree):
    done = subprocess.run([sys.executable, "-c", READ], cwd=tree, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    texts, reasons, model, corner, loaded_rapidocr = json.loads(done.stdout)
    assert texts == ["two mugs 30 yuan", None, None]
    assert reasons == [None, "no text found", "missing file"]
    assert model.startswith("opencv-qr-") and not loaded_rapidocr
    assert all(abs(value - expected) < 30 for value, expected in zip(corner, (60, 40), strict=True))


def test_the_page_has_at_most_300_words():
    assert len(PAGE.read_text(encoding="utf8").split()) <= 300
