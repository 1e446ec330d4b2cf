"""What a chunk of pictures contains between the actors, and which actor reads a large picture."""

import pyarrow as pa

from pipelines.annotate.annotate_chunk import CHUNK, LARGE, LargePicture, PictureFileReader, annotate_each
from pipelines.annotate.annotation import Annotation


def rows(folder, names):
    listed = [{"image_id": n, "note_id": "n", "sha256": "x", "uri": f"{folder}/{n}"} for n in names]
    return pa.Table.from_pylist(listed, CHUNK)


def test_a_large_picture_does_not_travel_with_its_chunk(tmp_path):
    (tmp_path / "small").write_bytes(b"s" * LARGE)
    for n in range(8):
        with (tmp_path / f"large{n}").open("wb") as file:
            file.truncate(199 << 20)
    contents = PictureFileReader()(rows(tmp_path, ["small", *[f"large{n}" for n in range(8)], "none"]))
    assert contents[0] == b"s" * LARGE
    assert contents[1:9] == [LargePicture(f"{tmp_path}/large{n}", None) for n in range(8)]
    assert isinstance(contents[9], Annotation)
    assert contents[9].reason == "missing file"


def test_every_picture_gets_its_own_annotation_and_a_large_one_is_read_by_its_annotator(tmp_path):
    (tmp_path / "large").write_bytes(b"large")
    batches = []

    def annotate(files):
        batches.append(list(files))
        return [Annotation(text=content.decode()) for content in files]

    contents = [
        b"a",
        LargePicture(f"{tmp_path}/large", None),
        Annotation(reason="missing file"),
        b"b",
        LargePicture(f"{tmp_path}/gone", None),
    ]
    annotations = annotate_each(contents, annotate)
    assert [answer.text for answer in annotations] == ["a", "large", None, "b", None]
    assert [answer.reason for answer in annotations] == [None, None, "missing file", None, "missing file"]
    assert batches == [[b"a", b"b"], [b"large"]]
    assert annotate_each([], annotate) == []
