"""Pictures: only those that are shown, the file first, then what mining stored, until the page is full."""

import base64
import hashlib
import io
from collections import Counter

import pytest
from PIL import Image

from pipelines.inspect.report import thumbnails as module
from pipelines.inspect.report.settings import Shown
from pipelines.inspect.report.sql_reader import reading
from pipelines.inspect.report.thumbnails import FULL, thumbnails
from pipelines.workspace import object_stores, retry
from pipelines.workspace.workspace import Workspace
from schemas.errors import StoreError
from schemas.intermediate import PICTURES
from testkit.loopback_store import loopback_store
from tests.unit.pipelines.inspect.report.made import picture, publish

SHOWN = Shown(side=64, quality=60)


@pytest.fixture
def rows(tmp_path):
    """Six pictures as IMAGES tells of them; the files of the first four are there, of the fourth a broken one."""
    found, stored = {}, []
    for k in range(6):
        content = picture(k)
        path = tmp_path / f"{k}.jpg"
        if k < 4:
            path.write_bytes(content if k < 3 else b"not a picture")
        sha = hashlib.sha256(content).hexdigest()
        found["n", str(k)] = {"uri": str(path) if k != 5 else None, "sha256": sha}
        if k != 4:
            stored.append({"sha256": sha, "width": 1, "height": 1, "phash": 0, "pdq": b"", "pdq_turns": b"", "pdq_exposed": b"",
                           "quality": 1, "surface": "photo", "thumbnail": picture(k, side=32), "features": b"", "feature_count": 0})  # fmt: skip
    publish(tmp_path / "w", PICTURES, stored)
    return found


def made(tmp_path, rows, wanted, budget=1e9):
    said = []
    with reading(Workspace(str(tmp_path / "w")), 512) as reader:
        return thumbnails(Counter(wanted), rows, reader, SHOWN, budget, said.append), said


def test_a_file_first_then_what_mining_stored_then_why_not(tmp_path, rows):
    found, said = made(tmp_path, rows, [*rows, ("n", "elsewhere")])
    shown = [found["n", str(k)] for k in range(6)]
    assert [(t.width, t.height) for t in shown] == [(64, 48)] * 3 + [(0, 0), (0, 0), (32, 24)]
    assert shown[3].missing == "not a picture" and shown[4].missing == "missing file"
    assert found["n", "elsewhere"].missing == "no such picture in 'images'"
    for thumb in (shown[0], shown[5]):
        with Image.open(io.BytesIO(base64.b64decode(thumb.uri.removeprefix("data:image/webp;base64,")))) as opened:
            assert opened.size == (thumb.width, thumb.height)
    assert said == ["report: 7 of 7 pictures"]


def test_a_store_that_refuses_is_asked_no_more_and_what_mining_stored_is_shown(tmp_path, rows, monkeypatch):
    monkeypatch.setattr(retry, "WAITS_S", (0.01,))
    with loopback_store() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        object_stores._forget()
        server.control(faults={"kind": 403, "count": 10**6})
        far = {("n", str(k)): row | {"uri": f"s3://bucket/{k}.jpg"} for k, row in enumerate(rows.values()) if k != 4}
        found, _ = made(tmp_path, far, [("n", str(k)) for k in (0, 1, 2, 3, 5)])
        assert [(t.width, t.height) for t in found.values()] == [(32, 24)] * 5
        asked = server.control(forget=True)["counts"]["requests"]
        assert 2 <= asked <= 10  # twice each, those that were under way together
        with pytest.raises(StoreError, match="HTTP 403"):
            made(tmp_path, {("n", "x"): {"uri": "s3://bucket/x.jpg", "sha256": "unknown"}}, [("n", "x")])


def test_nothing_is_read_that_is_not_shown(tmp_path, rows, monkeypatch):
    read = []
    monkeypatch.setattr(module, "decode", lambda content, settings: read.append(content) or decode(content, settings))
    made(tmp_path, rows, [("n", "1")])
    assert read == [picture(1)]


def test_the_page_is_never_fuller_than_it_may_be(tmp_path, rows):
    wanted = [("n", "0")] * 3 + [("n", "1"), ("n", "2")]
    whole, _ = made(tmp_path, rows, wanted)
    cost = {key: len(thumb.uri) for key, thumb in whole.items()}
    room = 3 * cost["n", "0"] + cost["n", "1"]
    found, _ = made(tmp_path, rows, wanted, budget=room)
    assert [thumb.missing for thumb in found.values()] == ["", "", FULL]
    found, _ = made(tmp_path, rows, wanted, budget=cost["n", "1"])  # the first is shown thrice: it does not fit, the next does
    assert [thumb.missing for thumb in found.values()] == [FULL, "", FULL]
    found, _ = made(tmp_path, rows, wanted, budget=0)
    assert {thumb.missing for thumb in found.values()} == {FULL}


decode = module.decode
