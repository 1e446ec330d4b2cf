"""What a chunk of pictures holds while it goes from actor to actor, and who is asked about a large one."""

import pyarrow as pa

from pipelines.annotate.annotate_chunk import CHUNK, LARGE, Files, Unread, answered
from pipelines.annotate.annotation import Answer


def rows(folder, names):
    listed = [{"image_id": n, "note_id": "n", "sha256": "x", "uri": f"{folder}/{n}"} for n in names]
    return pa.Table.from_pylist(listed, CHUNK)


def test_a_large_picture_does_not_travel_with_its_chunk(tmp_path):
    (tmp_path / "small").write_bytes(b"s" * LARGE)
    for n in range(8):
        with (tmp_path / f"large{n}").open("wb") as file:
            file.truncate(199 << 20)
    read = Files()(rows(tmp_path, ["small", *[f"large{n}" for n in range(8)], "none"]))
    assert read[0] == b"s" * LARGE
    assert read[1:9] == [Unread(f"{tmp_path}/large{n}", None) for n in range(8)]
    assert isinstance(read[9], Answer)
    assert read[9].reason == "missing file"


def test_every_picture_gets_its_own_answer_and_a_large_one_is_read_when_it_is_asked_about(tmp_path):
    (tmp_path / "large").write_bytes(b"large")
    asked = []

    def ask(contents):
        asked.append(list(contents))
        return [Answer(text=content.decode()) for content in contents]

    read = [b"a", Unread(f"{tmp_path}/large", None), Answer(reason="missing file"), b"b", Unread(f"{tmp_path}/gone", None)]
    said = answered(read, ask)
    assert [answer.text for answer in said] == ["a", "large", None, "b", None]
    assert [answer.reason for answer in said] == [None, None, "missing file", None, "missing file"]
    assert asked == [[b"a", b"b"], [b"large"]]
    assert answered([], ask) == []
