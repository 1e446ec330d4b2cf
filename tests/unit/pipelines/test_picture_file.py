import os
import socket

import pytest

from pipelines import picture_file
from pipelines.decode import BadPicture
from pipelines.picture_file import picture_bytes


def refusal(uri):
    with pytest.raises(BadPicture) as caught:
        picture_bytes(str(uri))
    return caught.value.reason


def test_reads_a_file_and_a_link_to_it(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"bytes")
    (tmp_path / "link.jpg").symlink_to(tmp_path / "a.jpg")
    assert picture_bytes(str(tmp_path / "a.jpg")) == picture_bytes(f"file://{tmp_path}/link.jpg") == b"bytes"


def test_what_is_no_plain_file_is_refused_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        assert refusal(tmp_path / "pipe.jpg") == "no plain file"
        assert refusal(tmp_path / "socket") == "no plain file"
    assert refusal(tmp_path) == "no plain file"
    assert refusal("/dev/zero") == "no plain file"
    assert refusal(tmp_path / "loop.jpg") == "unreadable file"
    assert refusal(tmp_path / "none.jpg") == "missing file"
    assert refusal("nosuchscheme://x/y.jpg") == "unreadable file"
    assert refusal("a\0b.jpg") == "unreadable file"


def test_a_file_beyond_all_pictures_is_not_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(picture_file, "MAX_BYTES", 4)
    (tmp_path / "a.jpg").write_bytes(b"bytes")
    assert refusal(tmp_path / "a.jpg") == "too large"
