"""Every picture has a sha256 or a reason; bytes that are new have a fingerprint or a reason."""

import io

import pytest
from PIL import Image
from pyspark.sql import functions as F

from pipelines.mining.images.fingerprint.fingerprint import Fingerprint
from pipelines.mining.images.fingerprint_step import picture_digests, picture_fingerprints
from tests.unit.pipelines.mining.images.scenes import scene


def png(seed):
    buffer = io.BytesIO()
    Image.fromarray(scene(seed)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "one.png").write_bytes(png(1))
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.png").write_bytes(b"hello")
    return folder


@pytest.fixture(scope="module")
def places(spark, folder):
    rows = [(f"{folder}/{name}.png", name, None) for name in ("one", "empty", "text", "gone")]
    rows += [(f"file://{folder}/one.png", "by uri", None), (None, "inline", bytearray(png(2))), (None, "nothing", None)]
    return spark.createDataFrame(rows, "uri string, image_id string, content binary")


def digested(places):
    digests = picture_digests(places, 7)
    return places.drop("uri").join(digests, on="image_id", how="inner").where(F.col("sha256").isNotNull())


def test_a_picture_has_a_sha256_or_a_reason(places):
    rows = {r["image_id"]: r for r in picture_digests(places, 7).collect()}
    reasons = {k: r["reason"] for k, r in rows.items() if r["reason"]}
    assert reasons == {"gone": "missing file", "nothing": "no picture"}
    assert rows["one"]["sha256"] == rows["by uri"]["sha256"] != rows["inline"]["sha256"]
    assert all((r["sha256"] is None) == (r["reason"] is not None) for r in rows.values())
    assert "gone.png" in rows["gone"]["detail"]


def test_a_picture_outside_the_root_is_refused_and_its_password_not_told(spark, folder, tmp_path):
    rows = [
        (f"{folder}/one.png", "in", None),
        (f"{folder}/../x.png", "up", None),
        ("s3://me:hunter2@b/x?sig=hunter2", "far", None),
    ]
    places = spark.createDataFrame(rows, "uri string, image_id string, content binary")
    result = {r["image_id"]: r for r in picture_digests(places, 7, str(folder)).collect()}
    assert {k: r["reason"] for k, r in result.items()} == {
        "in": None,
        "up": "outside the image root",
        "far": "outside the image root",
    }
    assert result["far"]["detail"].startswith("s3://b/x?...: not below --image-root")
    [other] = picture_digests(places.where("image_id = 'in'"), 7, str(tmp_path)).collect()
    assert other["reason"] == "outside the image root"


def test_bytes_have_a_fingerprint_or_a_reason(places):
    files = digested(places).where("image_id != 'by uri'")
    names = {r["sha256"]: r["image_id"] for r in files.collect()}
    rows = {names[r["sha256"]]: r for r in picture_fingerprints(files, 5, Fingerprint()).collect()}
    assert {k: r["reason"] for k, r in rows.items()} == {
        "one": None,
        "inline": None,
        "empty": "empty file",
        "text": "not a picture",
    }
    assert all((r["phash"] is None) == (r["reason"] is not None) for r in rows.values())
    assert "text.png" in rows["text"]["detail"]


def test_a_file_that_changes_between_the_two_readings_is_refused(spark, places, folder):
    (folder / "moving.png").write_bytes(png(3))
    row = [(f"{folder}/moving.png", "moving", None, "0" * 64)]
    files = spark.createDataFrame(row, "uri string, image_id string, content binary, sha256 string")
    [result] = picture_fingerprints(files, 1, Fingerprint()).collect()
    assert result["reason"] == "changed while it was read"
    assert result["phash"] is None


def test_the_tasks_do_not_change_the_rows(places):
    one, many = (
        picture_fingerprints(digested(places.repartition(n)).where("image_id != 'by uri'"), n, Fingerprint()).select(
            F.sha2(F.to_json(F.struct("*")), 256)
        )
        for n in (1, 7)
    )
    assert sorted(r[0] for r in one.collect()) == sorted(r[0] for r in many.collect())
