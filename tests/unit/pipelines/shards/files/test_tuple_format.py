import io
import json

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from pipelines.shards.files import tuple_format
from pipelines.shards.files.tuple_format import schema_of, tuple_files
from schemas.shards import PICTURES, SFT

BOX = {"x0": 0.5, "y0": 0.0, "x1": 1.0, "y1": 0.5}


def jpeg(colour, right=None):
    picture = Image.new("RGB", (64, 32), colour)
    if right:
        picture.paste(right, (32, 0, 64, 32))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95)
    return out.getvalue()


PICTURES_OF_TEST = pa.table({"image_id": ["blue", "split"], "content": [jpeg("blue"), jpeg("red", "green")]}).cast(PICTURES)


def item(kind, images=(), text=None, region=None):
    return {
        "item_id": f"{kind}{images}{text}",
        "kind": kind,
        "note_id": "n",
        "image_ids": list(images),
        "region": region,
        "text": text,
    }


def candidate(candidate_item):
    return {"item": candidate_item, "component_id": "c", "similarity": 0.5, "soft_label": 0.5, "source": "band"}


def rows(task, query, positive, negatives, position=0):
    row = {
        "position": position, "pair_id": f"p{position}", "task": task, "granularity": "within_note", "query": query, "component_id": "c",
        "positive": candidate(positive), "candidates": [candidate(n) for n in negatives], "label_from": "similarity",
    }  # fmt: skip
    return pa.Table.from_pylist([row], SFT.columns)


def read(content):
    return pq.read_table(io.BytesIO(content))


def tuples_of(table, negatives=1):
    return {name: (count, content) for name, count, content in tuple_files(table.to_batches(), PICTURES_OF_TEST, negatives)}


def test_a_note_is_text_and_images_and_a_crop_is_cut():
    note, other = item("note", ["blue", "split"], "words"), item("note", [], "no picture")
    [(name, (count, content))] = tuples_of(
        rows("image_to_note", item("crop", ["split"], region=BOX), note, [other, note])
    ).items()
    assert (name, count) == ("image_to_note/000", 1)
    table = read(content)
    assert table.column_names == ["anchor", "positive", "negative_1"]
    crop = np.asarray(Image.open(io.BytesIO(table["anchor"][0].as_py()["bytes"]))).astype(int)
    assert crop.shape == (16, 32, 3)
    assert np.abs(crop[8, 16] - [0, 128, 0]).max() < 12
    assert table["positive"][0].as_py() == {
        "text": "words",
        "image": [{"bytes": content, "path": None} for content in PICTURES_OF_TEST["content"].to_pylist()],
    }
    assert table["negative_1"][0].as_py() == {"text": "no picture", "image": []}


def test_rows_short_of_negatives_are_left_out_and_tasks_have_their_files():
    text, read_ = item("text", text="a"), item("ocr", text="b")
    table = pa.concat_tables([
        rows("text_to_text", text, text, [text, text]), rows("image_to_ocr", item("image", ["blue"]), read_, [read_], 1), rows("text_to_text", text, text, [], 2)
    ])  # fmt: skip
    assert {name: count for name, (count, _) in tuples_of(table).items()} == {"text_to_text/000": 1, "image_to_ocr/000": 1}
    assert {name: count for name, (count, _) in tuples_of(table, 2).items()} == {"text_to_text/000": 1}
    assert read(tuples_of(table, 0)["text_to_text/000"][1]).column_names == ["anchor", "positive"]


def test_large_files_are_cut_and_no_row_is_lost(monkeypatch):
    monkeypatch.setattr(tuple_format, "FILE_BYTES", 3_000)
    monkeypatch.setattr(tuple_format, "ROWS_A_GROUP", 2)
    image = item("image", ["split"])
    table = pa.concat_tables([rows("image_to_image", image, image, [image], k) for k in range(9)])
    tuples = tuples_of(table)
    assert len(tuples) > 1 and sorted(tuples) == [f"image_to_image/{k:03}" for k in range(len(tuples))]
    assert sum(count for count, _ in tuples.values()) == sum(len(read(c)) for _, c in tuples.values()) == 9


def test_the_features_are_as_datasets_spells_them():
    for task in ("image_to_note", "note_to_text", "image_to_ocr"):
        schema = schema_of(task, 2)
        features = datasets.Features.from_dict(json.loads(schema.metadata[b"huggingface"])["info"]["features"])
        assert features.arrow_schema.equals(schema, check_metadata=True)
