"""JSON files that are one object with the records in it: the message has a command, and the command works."""

import json
import shlex
import subprocess
import sys

import pandas as pd
import pytest

from schemas.errors import DataError
from testkit.input_reading import Reading, note_table

ROWS = note_table(3).to_pylist()
FRAME = pd.DataFrame(ROWS)


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"user": {"id": 7, "name": "x"}, "weibo": ROWS}),
        json.dumps({"code": 0, "data": {"items": ROWS, "total": 3}}),
        '{"data": [' + json.dumps(ROWS[0])[:-1] + ', "pad": "' + "x" * 2_000_000 + '"}, ' + json.dumps(ROWS[1]) + "]}",
        json.dumps({f"key of {row['note_id']}": row for row in ROWS}),
        FRAME.to_json(),
        FRAME.to_json(orient="index"),
        FRAME.to_json(orient="split"),
        FRAME.to_json(orient="table"),
    ],
)
def test_the_command_of_the_message_writes_the_records(tmp_path, text):
    (tmp_path / "it's.json").write_text(text)
    with pytest.raises(DataError, match="is one object with .* To have one record a line: ") as raised:
        Reading(tmp_path / "it's.json")
    command = str(raised.value).partition("a line: ")[2].replace(".venv/bin/python", shlex.quote(sys.executable), 1)
    subprocess.run(["/bin/sh", "-c", command], check=True, cwd=tmp_path)
    found = Reading(tmp_path / "records.jsonl")
    assert found.column("note_id") == [row["note_id"] for row in ROWS][: len(found.rows)]
    assert len(found.rows) >= 2


def test_one_note_with_pictures_is_a_record(tmp_path):
    row = ROWS[0] | {"images": [{"image_id": str(k), "uri": f"{k}.jpg"} for k in range(20)]}
    (tmp_path / "n.jsonl").write_text(json.dumps(row))
    assert Reading(tmp_path / "n.jsonl").column("note_id") == ["n0"]
