"""The cluster that is joined is one that was named; where nobody answers that is said within seconds."""

import socket
import threading
import time
from concurrent import futures

import pytest

from pipelines.engines.ray.cluster_address import Address, named_cluster, refuse_silence
from schemas.errors import SettingsError

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def no_address(monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


@pytest.fixture
def listener():
    """A port on which somebody listens and says what the test gives it; by default nothing."""
    words = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            for word in words:
                connection.sendall(word)
            words.append(b"") if not words else None
            kept.append(connection)

    kept = []
    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1], words
    server.close()


def test_a_file_in_tmp_names_no_cluster(tmp_path, monkeypatch):
    """What `ray start` leaves for others to find, and anybody on the machine can write."""
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray/ray_current_cluster").write_text("10.0.0.1:6379\n")
    assert named_cluster(None) is None
    with pytest.raises(SettingsError, match="ray.address is 'auto': Ray would join the cluster named in a file in /tmp"):
        named_cluster("auto")
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    with pytest.raises(SettingsError, match="RAY_ADDRESS is 'auto'"):
        named_cluster(None)


def test_the_setting_goes_before_the_variable_and_local_before_both(monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.2:6379")
    assert named_cluster(None) == Address("10.0.0.2:6379", "RAY_ADDRESS")
    assert named_cluster("head:6379") == Address("head:6379", "ray.address")
    assert named_cluster("ray://head:10001") == Address("ray://head:10001", "ray.address")
    assert named_cluster("[::1]:6379") == Address("[::1]:6379", "ray.address")
    assert named_cluster("local") is None
    monkeypatch.setenv("RAY_ADDRESS", "")
    assert named_cluster(None) is None


@pytest.mark.parametrize(
    "address",
    ["head", "head:", ":6379", "head:0", "head:65536", "http://head:8265", "a b:1", "ray://", "head:6379/x", "local:"],
)
def test_what_is_no_address_is_refused_with_the_forms_that_are(address):
    with pytest.raises(SettingsError, match="expected host:port, ray://host:port or `local`"):
        named_cluster(address)


def silent(url):
    """The error of an address, and the seconds that it took."""
    begun = time.monotonic()
    with pytest.raises(SettingsError, match="no Ray cluster answers there") as refused:
        refuse_silence(Address(url, "ray.address"), 2)
    assert "\n" not in str(refused.value)
    return str(refused.value), time.monotonic() - begun


@pytest.mark.parametrize("form", ["127.0.0.1:{}", "ray://127.0.0.1:{}", "localhost:{}"])
def test_a_port_that_is_closed_is_said_at_once(form):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    said, seconds = silent(form.format(port))
    assert "refused" in said and seconds < 3


@pytest.mark.parametrize("words", [[], [b"HTTP/1.1 200 OK\r\n\r\nhello"], [b"\0" * 4096]], ids=["mute", "web", "noise"])
@pytest.mark.parametrize("form", ["127.0.0.1:{}", "ray://127.0.0.1:{}"])
def test_somebody_who_listens_and_is_no_ray_is_said_in_seconds(listener, words, form, capfd):
    port, said = listener
    said += words
    found, seconds = silent(form.format(port))
    assert "something listens" in found and seconds < 5
    assert capfd.readouterr().err == ""


def test_another_grpc_server_is_no_ray():
    grpc = pytest.importorskip("grpc")
    server = grpc.server(futures.ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    assert "UNIMPLEMENTED" in silent(f"127.0.0.1:{port}")[0]
    server.stop(None)


def test_a_host_that_does_not_exist_is_said():
    assert silent("no-such-host.invalid:6379")[1] < 5
