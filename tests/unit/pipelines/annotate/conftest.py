"""A small sample corpus with its drawn words, and one loaded annotator, for the whole folder."""

import pyarrow.parquet as pq
import pytest

from pipelines.annotate.ocr import OcrAnnotator
from pipelines.annotate.settings import Ocr, TextGateSettings
from pipelines.sources.sample_corpus.build import Sample, make_sample


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    """(file, the words drawn in it or None), of every readable picture of a corpus of 60 notes."""
    folder = tmp_path_factory.mktemp("annotate") / "sample"
    make_sample(folder, Sample(notes=60, seed=5))
    truth = {row["image_id"]: row["text"] for row in pq.read_table(folder / "truth" / "images.parquet").to_pylist()}
    return [(file, truth[file.stem]) for file in sorted((folder / "images").iterdir()) if file.stem in truth]


@pytest.fixture(scope="session")
def ungated():
    return OcrAnnotator(Ocr(gate=TextGateSettings(min_score=0)))
