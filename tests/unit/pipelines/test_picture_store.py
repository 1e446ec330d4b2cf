"""Pictures in object stores: real servers on 127.0.0.1, and what a note's uri may and may not make a client do."""

import multiprocessing
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipelines.media.decode import BadPicture
from pipelines.media.picture_bytes import picture_bytes
from pipelines.workspace import object_stores, retry
from schemas.errors import StoreError
from testkit.loopback_store import loopback_store

pytestmark = pytest.mark.slow

NAMES = ["a.jpg", "a b.jpg", "a%20b.jpg", "a#b.jpg", "a?x=1&y=2.jpg", "图片/照片.jpg", "%2e%2e", "100%.jpg", "a+b;c=d,e.jpg"]
NAMES += ["photo:1.jpg", "a\\b.jpg", "é'\"<>.jpg", "a?endpoint_override=127.0.0.1:9&scheme=http"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("objects")
    for name in NAMES:
        file = folder / "bucket" / "pictures" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name.encode())
    (folder / "other").mkdir()
    for secret in ("bucket/secret.jpg", "other/x", "bucket/pictures2"):
        (folder / secret).write_bytes(b"secret")
    (folder / "bucket/pictures/empty.jpg").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def server(folder):
    with loopback_store(folder) as server:
        yield server


@pytest.fixture(autouse=True)
def clean(monkeypatch, server):
    object_stores._forget()
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    server.control(forget=True, faults={})
    yield
    server.control(faults={})


@pytest.fixture
def hurried(monkeypatch):
    """The same number of attempts, a hundred times faster."""
    monkeypatch.setattr(retry, "WAITS_S", tuple(wait / 100 for wait in retry.WAITS_S))


def refusal(uri, root=None, **more):
    with pytest.raises(BadPicture) as caught:
        picture_bytes(uri, root, **more)
    return caught.value.reason


@pytest.fixture
def stranger():
    """A port that counts who knocks."""
    knocks = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                knocks.append(connection.recv(65536))
                connection.close()

        threading.Thread(target=accept, daemon=True).start()
        yield listening.getsockname()[1], knocks
        listening.shutdown(socket.SHUT_RDWR)


STORES = ["s3://bucket", "s3a://bucket", "gs://anonymous@bucket"]


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("name", NAMES)
def test_what_follows_the_root_is_the_key_letter_by_letter(store, name):
    assert picture_bytes(f"{store}/pictures/{name}", f"{store}/pictures") == name.encode()
    if "@" not in store:
        assert picture_bytes(f"{store}/pictures/{name}") == name.encode()


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("anywhere", [False, True])
@pytest.mark.parametrize(
    "name",
    [
        "a.jpg?endpoint_override=127.0.0.1:{port}&scheme=http",
        "a.jpg?scheme=http&endpoint_override=127.0.0.1%3A{port}",
        "none.jpg?region=x&endpoint_override=http://127.0.0.1:{port}",
        "?endpoint_override=127.0.0.1:{port}&scheme=http",
        "x#?endpoint_override=127.0.0.1:{port}&scheme=http",
    ],
)
def test_a_query_never_reaches_the_client(store, anywhere, name, stranger, server):
    port, knocks = stranger
    asked = name.format(port=port)
    message = "unreadable file" if "//" in asked else "missing file"  # pyarrow takes no empty part of a key
    assert refusal(f"{store}/pictures/{asked}", f"{store}/pictures", anywhere=anywhere) == message
    for other in (f"s3://other{asked}", f"gs://other{asked}", f"s3://other{asked}/x", f"s3://{asked}/x"):
        assert refusal(other, f"{store}/pictures", anywhere=anywhere) in (
            "missing file",
            "unreadable file",
            "outside the image root",
            "no plain file",
        )
    assert knocks == []
    assert server.control()["counts"].get("requests", 0) >= (message == "missing file")


@pytest.mark.parametrize(
    "uri",
    [
        "s3://key:secret@other/x",
        "s3://key@other/x",
        "s3://127.0.0.1:{port}/x",
        "abfs://container@127.0.0.1:{port}/x",
        "abfs://127.0.0.1:{port}/container/x",
        "abfss://container@account.dfs.core.windows.net.evil.example/x",
        "http://127.0.0.1:{port}/x",
        "https://127.0.0.1:{port}/x",
        "simplecache::http://127.0.0.1:{port}/x",
        "zip://x::http://127.0.0.1:{port}/x",
        "gs://other?x/y",
        "s3://a%2fb/x",
        "data:image/png;base64,aGk=",
        "data:,",
        "data://x",
        "file://host/x",
        "file:x",
        "x://[",
        "http://[bad",
        "://x",
        "github://a:b@c/x",
        "sftp://127.0.0.1/x",
        "s3://",
        "s3:///",
        "s3:///x",
        "memory://",
        "a\0b",
        "s3://bucket/\ud800",
        f"s3://bucket/{'x' * 1025}",
    ],
)
@pytest.mark.parametrize("anywhere", [None, False, True])
def test_a_uri_that_names_no_file_is_refused_and_steers_nobody(uri, anywhere, stranger):
    port, knocks = stranger
    more = () if anywhere is None else ("s3://bucket/pictures",)
    refusal(uri.format(port=port), *more, anywhere=bool(anywhere))
    assert knocks == []


def test_dots_do_not_leave_the_root_however_they_are_spelled(server):
    root = "s3://bucket/pictures"
    for name in ("../secret.jpg", "../../other/x", "x/../../secret.jpg", "..\\secret.jpg", "..", "x/.."):
        assert refusal(f"{root}/{name}", root) == "outside the image root"
        assert refusal(f"{root}/{name}", root, anywhere=True) == "outside the image root"
    for name in ("%2e%2e/secret.jpg", "%2e%2e/%2e%2e/other/x", "..%2fsecret.jpg", "%252e%252e/secret.jpg"):
        assert refusal(f"{root}/{name}", root) == "missing file"
    for uri in ("s3://bucket/secret.jpg", "s3://other/x", "s3://bucket/pictures2", "s3://bucket", "gs://bucket/pictures/a.jpg"):
        assert refusal(uri, root) == "outside the image root"
    assert not any("secret" in line and " 200" in line for line in server.control()["seen"])
    assert picture_bytes("s3://other/x", root, anywhere=True) == b"secret"


def test_a_dot_means_nothing_and_a_name_that_ends_with_a_slash_is_no_file():
    root = "s3://bucket/pictures/"
    assert picture_bytes(f"{root}./a.jpg", root) == b"a.jpg"
    assert [refusal(f"{root}{name}", root) for name in ("", "x/", ".")] == [
        "no plain file",
        "no plain file",
        "outside the image root",
    ]
    assert picture_bytes(f"{root}empty.jpg", root) == b""


def test_a_whole_bucket_may_be_the_root():
    for root in ("s3://bucket", "s3://bucket/"):
        assert picture_bytes("s3://bucket/pictures/a b.jpg", root) == b"a b.jpg"
        assert refusal("s3://other/x", root) == "outside the image root"


def test_the_options_of_the_root_go_to_the_client_and_into_no_uri(folder, monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.delenv("CLOUD_STORAGE_EMULATOR_ENDPOINT")
    with loopback_store(folder) as named:
        for store, more in (("s3://bucket", "&region=eu-west-3"), ("gs://anonymous@bucket", "&retry_limit_seconds=2")):
            root = f"{store}/pictures?endpoint_override={named.endpoint}&scheme=http{more}"
            assert picture_bytes(f"{store}/pictures/a#b.jpg", root) == b"a#b.jpg"
            assert picture_bytes(f"{store}/pictures/a#b.jpg", root, anywhere=True) == b"a#b.jpg"
            assert refusal(f"{store}/secret.jpg", root) == "outside the image root"
        assert named.control()["counts"]["requests"] > 0


def test_one_client_a_process_whatever_the_readers(server):
    uris = [f"s3://bucket/pictures/{name}" for name in NAMES] * 10
    with ThreadPoolExecutor(8) as readers:
        list(readers.map(lambda uri: picture_bytes(uri, "s3://bucket/pictures"), uris))
    counts = server.control()["counts"]
    assert counts["credentials"] == 1
    # The SDK's pool of curl handles doubles when it is empty: eight readers may go round on 16, and the credentials have one.
    # A client a picture would open 130.
    assert counts["connections"] <= 2 * 8 + 1
    assert counts["requests"] == 2 * len(uris)


def read_in_child(queue):
    queue.put(picture_bytes("s3://bucket/pictures/a.jpg"))


def test_a_forked_process_opens_its_own_client(server):
    assert picture_bytes("s3://bucket/pictures/a.jpg") == b"a.jpg"
    forked = multiprocessing.get_context("fork")
    queue = forked.Queue()
    child = forked.Process(target=read_in_child, args=(queue,))
    child.start()
    assert queue.get(timeout=60) == b"a.jpg"
    child.join()
    assert server.control()["counts"]["credentials"] == 2


@pytest.mark.parametrize("kind", [503, 500, 429, 403, "reset", "half"])
def test_a_store_that_fails_for_a_while_loses_nothing(kind, server, hurried):
    server.control(faults={"kind": kind, "count": 12})
    uris = [f"s3://bucket/pictures/{name}" for name in NAMES]
    with ThreadPoolExecutor(4) as readers:
        read = list(readers.map(lambda uri: picture_bytes(uri, "s3://bucket/pictures"), uris))
    assert read == [name.encode() for name in NAMES]
    assert server.control()["counts"]["faults"] == 12


@pytest.mark.slow
@pytest.mark.parametrize("kind", [503, "hang"])
def test_seconds_of_throttling_and_of_silence_lose_nothing(kind, server):
    server.control(faults={"kind": kind, "seconds": 4})
    assert picture_bytes("s3://bucket/pictures/a.jpg") == b"a.jpg"


@pytest.mark.parametrize(
    ("kind", "message"), [(403, "HTTP 403"), (503, "HTTP 503"), (400, "HTTP 400"), ("reset", "Server returned")]
)
@pytest.mark.parametrize("store", ["s3://bucket", "gs://anonymous@bucket"])
def test_a_store_that_refuses_for_good_is_named_with_its_status_and_how_often(kind, message, store, server, hurried):
    if store.startswith("gs") and kind in (400, "reset", 503):
        pytest.skip("Google's client asks again for five seconds by itself, or has other words")
    server.control(faults={"kind": kind, "count": 10**6})
    with pytest.raises(StoreError) as caught:
        picture_bytes(f"{store}/pictures/a.jpg?sig=hunter2", f"{store}/pictures")
    line = str(caught.value)
    assert line.startswith(f"{store}: {message}")
    assert "asked 7 times" in line
    assert "hunter2" not in line and "\n" not in line
    assert ("ListBucket" in line) == (kind == 403)


def test_nobody_listens(hurried, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    with pytest.raises(StoreError, match="asked 7 times"):
        picture_bytes("s3://bucket/pictures/a.jpg")


def test_a_missing_object_stays_a_missing_file_and_is_asked_for_once(server):
    assert refusal("s3://bucket/pictures/none.jpg", "s3://bucket/pictures") == "missing file"
    assert server.control()["counts"]["requests"] == 1


def test_a_root_that_no_client_can_open_is_no_fault_of_the_picture():
    with pytest.raises(StoreError, match="nosuch://bucket: cannot be opened"):
        picture_bytes("nosuch://bucket/a.jpg", "nosuch://bucket")
