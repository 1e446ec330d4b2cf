"""Errors of the machine become one line; all others keep their traceback."""

import errno
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from py4j.protocol import Py4JError, Py4JNetworkError

from pipelines.workspace.arrow_io import read_file, write_file
from pipelines.workspace.arrow_stages import ArrowOutput, ArrowStages
from pipelines.workspace.error_messages import damaged_file, user_message
from pipelines.workspace.workspace import Workspace
from schemas.datasets import COMPONENTS
from schemas.errors import DataError


def rows(*notes):
    columns = {
        "note_id": notes,
        "component_id": notes,
        "size": [1] * len(notes),
        "content_group": notes,
        "split": ["train"] * len(notes),
    }
    return pa.table(columns, schema=COMPONENTS.columns)


@pytest.fixture
def stages(tmp_path):
    stages = ArrowStages(Workspace(str(tmp_path)))
    make(stages)
    return stages


def make(stages):
    output = ArrowOutput(parts=[rows(*(f"{n:05}" for n in range(3000)))])
    return stages.run([COMPONENTS], lambda _: [output], inputs={}, settings={}, code=())


def file_of(stages):
    run = stages.workspace.manifest("components")
    return stages.workspace.folder.uri + "/components/" + run.files[0].path


@pytest.mark.parametrize("why", ["Answer from Java side is empty", "Error while sending", "Gateway is not connected."])
def test_a_java_that_has_ended_is_told_in_a_line(why):
    try:
        try:
            raise Py4JNetworkError(why)
        except Py4JNetworkError as error:
            raise RuntimeError("the writer of a table failed") from error
    except RuntimeError as error:
        assert user_message(error).startswith("Spark's Java process has ended")
    assert user_message(Py4JError("a method of Java that is not there")) is None


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_a_refusal_of_the_disk_names_the_file(number):
    message = user_message(OSError(number, "no", "/w/notes/x"))
    assert message.startswith("/w/notes/x: no") and "run the job again" in message


def test_a_cause_deep_in_an_engines_error_is_found():
    try:
        try:
            raise OSError("java.io.IOException: No space left on device")
        except OSError as cause:
            raise RuntimeError("Job aborted") from cause
    except RuntimeError as error:
        assert "is full" in user_message(error)


def test_our_own_faults_are_not_explained_away():
    assert user_message(KeyError("note_id")) is None
    assert user_message(OSError(errno.EPIPE, "pipe")) is None


def test_a_damaged_file_that_an_engine_names_is_told():
    for run in ("notes/runs/ab12", "_history/notes/0123456789abcdef-01234567"):
        words = f"[FAILED_READ_FILE.NO_HINT] Encountered error while reading file file:///my%20w/{run}/part-0.zstd.parquet."
        assert "delete file:///my%20w/notes/_current.json" in user_message(RuntimeError(words))


@pytest.mark.parametrize("dataset", ["notes", "sft/train"])
def test_the_manifest_to_delete_is_named_for_every_dataset(dataset):
    message = damaged_file(f"/a place/w/_history/{dataset}/0123456789abcdef-01234567/x/part-0.parquet")
    assert f"delete /a place/w/{dataset}/_current.json" in message


def test_a_truncated_file_stops_its_reader_and_is_made_anew(stages):
    with open(file_of(stages), "r+b") as file:
        file.truncate(100)
    with pytest.raises(DataError, match=r"_history/components/.*: 100 bytes, expected \d+ bytes"):
        stages.read(COMPONENTS)
    assert make(stages)
    assert len(stages.read(COMPONENTS)) == 3000


def test_a_file_that_is_gone_is_made_anew(stages):
    os.remove(file_of(stages))
    with pytest.raises(DataError, match="missing"):
        stages.read(COMPONENTS)
    assert make(stages)


def test_any_flipped_bit_of_the_rows_is_an_error(tmp_path):
    """The footer has no checksum, so a flipped bit may change a name; each page of rows has one."""
    file = tmp_path / "x.parquet"
    place = str(file)
    write_file(rows(*(f"{n:05}" for n in range(200))), place)
    whole, expected = file.read_bytes(), read_file(place)
    group = pq.read_metadata(place).row_group(0)
    for k in range(group.num_columns):
        column = group.column(k)
        first = column.dictionary_page_offset or column.data_page_offset
        for at in range(first, first + column.total_compressed_size, 7):
            file.write_bytes(whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1 :])
            try:
                read_back = read_file(place)
            except DataError:
                continue
            assert read_back.equals(expected), at  # a bit without effect, such as one in a page's statistics
