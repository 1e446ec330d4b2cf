"""Every picture is read once; new bytes are decoded, known ones are not, bad ones say why."""

import io

import pytest
from PIL import Image
from pyspark.sql import functions as F

from pipelines.images.fingerprint import Fingerprint
from pipelines.images.pictures import read_pictures
from tests.unit.pipelines.images.scenes import scene


def png(seed):
    buffer = io.BytesIO()
    Image.fromarray(scene(seed)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def places(spark, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "one.png").write_bytes(png(1))
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.png").write_bytes(b"hello")
    rows = [(f"{folder}/{name}.png", name, None) for name in ("one", "empty", "text", "gone")]
    rows += [(f"file://{folder}/one.png", "by uri", None), (None, "inline", bytearray(png(2))), (None, "nothing", None)]
    return spark.createDataFrame(rows, "uri string, image_id string, content binary")


def test_a_picture_has_a_fingerprint_or_a_reason(places):
    rows = {r["image_id"]: r for r in read_pictures(places, 3, None, Fingerprint()).collect()}
    assert {k: r["reason"] for k, r in rows.items()} == {
        "one": None,
        "by uri": None,
        "inline": None,
        "empty": "empty file",
        "text": "not a picture",
        "gone": "missing file",
        "nothing": "no picture",
    }
    assert rows["one"]["sha256"] == rows["by uri"]["sha256"] != rows["inline"]["sha256"]
    assert all((r["phash"] is None) == (r["reason"] is not None) for r in rows.values())
    assert "gone.png" in rows["gone"]["detail"]


def test_known_bytes_are_not_decoded_again(places):
    first = read_pictures(places, 3, None, Fingerprint()).where("image_id = 'one'").persist()
    again = {r["image_id"]: r for r in read_pictures(places, 3, first.select("sha256"), Fingerprint()).collect()}
    assert again["one"]["sha256"] == first.collect()[0]["sha256"]
    assert again["one"]["phash"] is None and again["one"]["reason"] is None
    assert again["inline"]["phash"] is not None


def test_the_tasks_do_not_change_the_rows(spark, places):
    one, many = (
        read_pictures(places.repartition(n), 3, None, Fingerprint()).select(F.sha2(F.to_json(F.struct("*")), 256))
        for n in (1, 7)
    )
    assert sorted(r[0] for r in one.collect()) == sorted(r[0] for r in many.collect())
