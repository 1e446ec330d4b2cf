"""Thumbnails: only pictures on cards, from the file, else from what mining stored, until the page is full."""

import base64
import hashlib
import io
from collections import Counter

import pytest
from PIL import Image

from pipelines.inspect.report import thumbnails as module
from pipelines.inspect.report.settings import CardStyle
from pipelines.inspect.report.sql_reader import reading
from pipelines.inspect.report.thumbnails import FULL, thumbnails
from pipelines.workspace import object_stores, retry
from pipelines.workspace.workspace import Workspace
from schemas.errors import StoreError
from schemas.intermediate import PICTURES
from testkit.loopback_store import loopback_store
from tests.unit.pipelines.inspect.report.report_workspace import picture, publish

STYLE = CardStyle(side=64, quality=60)


@pytest.fixture
def rows(tmp_path):
    """Build rows of IMAGES for six pictures; the first four have files, of which the fourth is damaged."""
    images, stored = {}, []
    for k in range(6):
        content = picture(k)
        path = tmp_path / f"{k}.jpg"
        if k < 4:
            path.write_bytes(content if k < 3 else b"not a picture")
        sha = hashlib.sha256(content).hexdigest()
        images["n", str(k)] = {"uri": str(path) if k != 5 else None, "sha256": sha}
        if k != 4:
            stored.append({"sha256": sha, "width": 1, "height": 1, "phash": 0, "pdq": b"", "pdq_turns": b"", "pdq_exposed": b"",
                           "quality": 1, "surface": "photo", "thumbnail": picture(k, side=32), "working_picture": b"", "features": b"", "feature_count": 0})  # fmt: skip
    publish(tmp_path / "w", PICTURES, stored)
    return images


def make_thumbnails(tmp_path, rows, keys, budget=1e9):
    lines = []
    with reading(Workspace(str(tmp_path / "w")), 512) as reader:
        return thumbnails(Counter(keys), rows, reader, STYLE, budget, lines.append), lines


def test_a_file_first_then_what_mining_stored_then_why_not(tmp_path, rows):
    results, lines = make_thumbnails(tmp_path, rows, [*rows, ("n", "elsewhere")])
    thumbs = [results["n", str(k)] for k in range(6)]
    assert [(t.width, t.height) for t in thumbs] == [(64, 48)] * 3 + [(0, 0), (0, 0), (32, 24)]
    assert thumbs[3].missing == "not a picture" and thumbs[4].missing == "missing file"
    assert results["n", "elsewhere"].missing == "no such picture in 'images'"
    for thumb in (thumbs[0], thumbs[5]):
        with Image.open(io.BytesIO(base64.b64decode(thumb.uri.removeprefix("data:image/webp;base64,")))) as opened:
            assert opened.size == (thumb.width, thumb.height)
    assert lines == ["report: 7 of 7 pictures"]


def test_a_failing_store_is_not_asked_again_and_stored_thumbnails_are_used(tmp_path, rows, monkeypatch):
    monkeypatch.setattr(retry, "WAITS_S", (0.01,))
    with loopback_store() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        object_stores._forget()
        server.control(faults={"kind": 403, "count": 10**6})
        far = {("n", str(k)): row | {"uri": f"s3://bucket/{k}.jpg"} for k, row in enumerate(rows.values()) if k != 4}
        thumbs, _ = make_thumbnails(tmp_path, far, [("n", str(k)) for k in (0, 1, 2, 3, 5)])
        assert [(t.width, t.height) for t in thumbs.values()] == [(32, 24)] * 5
        requests = server.control(forget=True)["counts"]["requests"]
        assert 2 <= requests <= 10  # two for each request in flight at once
        with pytest.raises(StoreError, match="HTTP 403"):
            make_thumbnails(tmp_path, {("n", "x"): {"uri": "s3://bucket/x.jpg", "sha256": "unknown"}}, [("n", "x")])


def test_only_pictures_on_cards_are_read(tmp_path, rows, monkeypatch):
    read = []
    monkeypatch.setattr(module, "decode", lambda content, settings: read.append(content) or decode(content, settings))
    make_thumbnails(tmp_path, rows, [("n", "1")])
    assert read == [picture(1)]


def test_the_page_never_exceeds_its_budget(tmp_path, rows):
    keys = [("n", "0")] * 3 + [("n", "1"), ("n", "2")]
    unlimited, _ = make_thumbnails(tmp_path, rows, keys)
    cost = {key: len(thumb.uri) for key, thumb in unlimited.items()}
    room = 3 * cost["n", "0"] + cost["n", "1"]
    thumbs, _ = make_thumbnails(tmp_path, rows, keys, budget=room)
    assert [thumb.missing for thumb in thumbs.values()] == ["", "", FULL]
    thumbs, _ = make_thumbnails(
        tmp_path, rows, keys, budget=cost["n", "1"]
    )  # the first is used three times and does not fit, the second does
    assert [thumb.missing for thumb in thumbs.values()] == [FULL, "", FULL]
    thumbs, _ = make_thumbnails(tmp_path, rows, keys, budget=0)
    assert {thumb.missing for thumb in thumbs.values()} == {FULL}


decode = module.decode
