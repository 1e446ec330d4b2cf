"""The cluster that `ray start` has left a note of is found where Ray itself looks for it."""

import pytest

from pipelines.actors import cluster


def test_the_address_is_read_where_ray_writes_it(tmp_path, monkeypatch):
    utils = pytest.importorskip("ray._common.utils")
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    assert cluster._started_here() is None
    place = tmp_path / "ray" / "ray_current_cluster"
    assert utils.get_ray_address_file(None) == str(place)
    place.parent.mkdir()
    place.write_text("10.0.0.1:6379\n")
    assert cluster._started_here() == "10.0.0.1:6379"
