import errno
import os
import socket

import fsspec
import pytest

from pipelines.media import picture_bytes as picture_file
from pipelines.media.decode import BadPicture
from pipelines.media.picture_bytes import picture_bytes
from pipelines.workspace import retry
from schemas.errors import StoreError


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


def test_a_picture_below_the_root_is_read(tmp_path):
    root = tmp_path / "root"
    (root / "deep").mkdir(parents=True)
    (root / "deep" / "a.jpg").write_bytes(b"bytes")
    (root / "link.jpg").symlink_to("deep/a.jpg")
    (tmp_path / "other name").symlink_to(root)
    for uri in ("deep/a.jpg", "link.jpg", "deep/../deep/a.jpg", "./deep//a.jpg"):
        assert picture_bytes(f"{root}/{uri}", str(root)) == b"bytes"
        assert picture_bytes(f"file://{root}/{uri}", f"{root}/") == b"bytes"
        assert picture_bytes(f"{root}/{uri}", str(tmp_path / "other name")) == b"bytes"


def test_a_picture_cannot_leave_the_root(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (tmp_path / "root2").mkdir()
    (tmp_path / "root2" / "a.jpg").write_bytes(b"secret")
    (root / "link.jpg").symlink_to("../secret.jpg")
    (root / "folder").symlink_to("..")
    outside = ["../secret.jpg", "link.jpg", "folder/secret.jpg", "x/../../secret.jpg", "../root2/a.jpg"]
    named = [f"{root}/{uri}" for uri in outside] + [
        f"file://{root}/../secret.jpg",
        str(tmp_path / "secret.jpg"),
        "/etc/hostname",
    ]
    for uri in [*named, "memory://bucket/a.jpg", "memory://root/a.jpg"]:
        with pytest.raises(BadPicture) as caught:
            picture_bytes(uri, str(root))
        assert caught.value.reason == "outside the image root", uri
    assert picture_bytes(f"{root}/link.jpg") == b"secret"


def test_on_a_far_file_system_the_root_is_a_prefix_of_whole_names():
    memory = fsspec.filesystem("memory")
    for path in ("/b/root/a.jpg", "/b/root2/a.jpg", "/b/a.jpg"):
        memory.pipe(path, b"far")
    assert picture_bytes("memory://b/root/a.jpg", "memory://b/root") == b"far"
    for uri in ("memory://b/root2/a.jpg", "memory://b/root/../a.jpg", "memory://b/a.jpg", "/etc/hostname"):
        with pytest.raises(BadPicture, match="outside the image root"):
            picture_bytes(uri, "memory://b/root/")


@pytest.mark.parametrize("name", ["a b.jpg", "a%20b.jpg", "a#b.jpg", "a?b.jpg", "图片.jpg", "100%.jpg", "x:1.jpg", "a\nb.jpg"])
def test_a_file_uri_is_decoded_and_a_path_is_not(tmp_path, name):
    file = tmp_path / name
    file.write_bytes(name.encode())
    for uri in (str(file), file.as_uri(), file.as_uri().replace("file://", "file://localhost"), f"FILE{file.as_uri()[4:]}"):
        for root in (None, str(tmp_path), tmp_path.as_uri(), f"{tmp_path.as_uri()}/"):
            assert picture_bytes(uri, root) == name.encode()
    assert picture_bytes(f"file:{file.as_uri()[7:]}") == name.encode()


def test_a_file_uri_does_not_leave_the_root_by_percent_signs(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    for uri in (f"file://{root}/%2e%2e/secret.jpg", f"file://{root}/..%2Fsecret.jpg", f"file:{root}/../secret.jpg"):
        with pytest.raises(BadPicture, match="outside the image root"):
            picture_bytes(uri, str(root))
        assert picture_bytes(uri, str(root), anywhere=True) == b"secret"
    for name in ("%2e%2e/secret.jpg", "..%2Fsecret.jpg"):
        with pytest.raises(BadPicture, match="missing file"):
            picture_bytes(f"{root}/{name}", str(root))


@pytest.mark.parametrize("error", [errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENOTCONN])
def test_a_disk_that_fails_is_asked_again_and_is_then_named(tmp_path, monkeypatch, error):
    """No disk can be made to fail here: what the system answers is put in its place, and nothing else."""
    monkeypatch.setattr(retry, "WAITS_S", (0.001, 0.001))
    (tmp_path / "a.jpg").write_bytes(b"bytes")
    answers = [OSError(error, os.strerror(error))] * 2
    stat = os.stat

    def failing(path, *args, **more):
        if str(path).endswith("a.jpg") and answers:
            raise answers.pop()
        return stat(path, *args, **more)

    monkeypatch.setattr(picture_file.os, "stat", failing)
    assert picture_bytes(str(tmp_path / "a.jpg")) == b"bytes"
    answers += [OSError(error, os.strerror(error))] * 3
    with pytest.raises(StoreError, match=r"the disk: OSError: .*asked 3 times .*a\.jpg"):
        picture_bytes(str(tmp_path / "a.jpg"))


def test_a_root_that_goes_away_takes_no_pictures_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr(retry, "WAITS_S", (0.001,))
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.jpg").write_bytes(b"bytes")
    assert picture_bytes(f"{root}/a.jpg", str(root)) == b"bytes"
    root.rename(tmp_path / "unmounted")
    with pytest.raises(StoreError, match="no longer there"):
        picture_bytes(f"{root}/a.jpg", str(root))


def test_the_size_is_claimed_before_the_bytes_are_read(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"bytes")
    sizes = []
    picture_bytes(str(tmp_path / "a.jpg"), claim=sizes.append)
    assert sizes == [5]
