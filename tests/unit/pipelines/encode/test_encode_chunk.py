"""A chunk of items: a poison item costs its own row, and a batch that fails is asked again one by one."""

from dataclasses import replace

import cv2
import numpy as np
import pyarrow as pa

from pipelines.encode.encode_chunk import Batching, ChunkEncoder, Reader
from pipelines.encode.item_content import ItemFailure
from pipelines.encode.preset import load_spec
from pipelines.encode.protocol import Prepared
from pipelines.items.rows_to_encode import CHUNK


def chunk(*items):
    empty = {"kind": "image", "uris": [], "region": None, "text": None, "pictures": ""}
    return pa.Table.from_pylist([empty | {"item_id": f"i{n}", "note_id": "n"} | item for n, item in enumerate(items)], CHUNK)


def test_reads_pictures_crops_and_texts_and_says_why_not(tmp_path):
    good, poison = tmp_path / "good.png", tmp_path / "poison.jpg"
    cv2.imwrite(str(good), np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8))
    poison.write_bytes(b"\xff\xd8 no picture")
    box = {"x0": 0.0, "y0": 0.0, "x1": 0.5, "y1": 0.5}
    rows = chunk(
        {"uris": [str(good)]},
        {"uris": [str(good)], "kind": "crop", "region": box},
        {"kind": "text", "text": "a red mug"},
        {"uris": [str(poison)]},
        {"uris": [str(tmp_path / "none.png")]},
        {"kind": "note", "uris": [str(good), str(poison)], "text": "a mug"},
        {"uris": [str(good)], "kind": "crop", "region": box | {"x1": 0.0}},
        {"kind": "text", "text": "  "},
    )
    read = Reader(load_spec("small"))(rows)
    reasons = [one.reason if isinstance(one, ItemFailure) else "arrays" for one in read]
    assert reasons == [
        "arrays",
        "arrays",
        "arrays",
        "not a picture",
        "missing file",
        "not a picture",
        "empty region",
        "nothing to encode",
    ]
    assert str(poison) in read[3].detail
    assert not np.array_equal(read[0].arrays["pictures"], read[1].arrays["pictures"])


class Lengths:
    """An encoder that cannot bear the length 13."""

    dimensions, fingerprint = 2, "lengths"

    def __init__(self):
        self.batches = []

    def encode(self, batch):
        lengths = [one.length for one in batch]
        self.batches.append(lengths)
        if 13 in lengths:
            raise RuntimeError("thirteen")
        return np.array([[length, np.nan if length == 7 else 0] for length in lengths], np.float32)


def prepared(*lengths):
    return [Prepared({}, length) for length in lengths]


def test_one_bad_item_of_a_batch_costs_itself_alone():
    rows = ChunkEncoder(Lengths(), Batching())(chunk(*[{}] * 4), prepared(5, 13, 7, 3)).to_pylist()
    assert [row["vector"] for row in rows] == [[5, 0], None, None, [3, 0]]
    assert [row["reason"] for row in rows] == [None, "model failed", "model failed", None]
    assert [row["detail"] for row in rows[1:3]] == ["RuntimeError: thirteen", "numbers that are not finite"]


def test_batches_follow_from_the_items_and_not_from_their_order():
    lengths = {"i0": 4, "i1": 9, "i2": 4, "i3": 2}
    seen = []
    for order in (["i0", "i1", "i2", "i3"], ["i3", "i2", "i1", "i0"]):
        encoder = Lengths()
        rows = chunk(*[{"item_id": name} for name in order])
        made = ChunkEncoder(encoder, Batching(max_items=2))(rows, prepared(*[lengths[name] for name in order]))
        assert made.column("item_id").to_pylist() == order
        seen.append(encoder.batches)
    assert seen[0] == seen[1] == [[9, 4], [4, 2]]


def test_a_crop_is_cut_from_the_larger_picture_and_moves_no_whole_one(tmp_path):
    file, box = tmp_path / "fine.png", {"x0": 0.0, "y0": 0.0, "x1": 0.25, "y1": 0.25}
    cv2.imwrite(str(file), np.random.default_rng(0).integers(0, 255, (400, 400, 3), np.uint8))
    whole, crop = {"uris": [str(file)]}, {"uris": [str(file)], "kind": "crop", "region": box}
    small, large = (replace(load_spec("small"), longest_side=400, whole_side=side) for side in (100, 0))
    read = {name: Reader(spec) for name, spec in (("small", small), ("large", large))}
    alone, both = read["small"](chunk(whole)), read["small"](chunk(whole, crop))
    assert np.array_equal(alone[0].arrays["pictures"], both[0].arrays["pictures"])
    as_large = read["large"](chunk(whole, crop))
    assert np.array_equal(both[1].arrays["pictures"], as_large[1].arrays["pictures"])
    assert not np.array_equal(both[0].arrays["pictures"], as_large[0].arrays["pictures"])
