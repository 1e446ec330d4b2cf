"""Answers that no honest server gives, by a socket that says them byte by byte."""

import gzip
import threading
import time
import tracemalloc

import pytest

from pipelines.models.openai_client import Client, RequestRefused, Server, Unavailable, Unreadable
from pipelines.models.server_http import MAX_BODY_BYTES
from schemas.errors import SettingsError
from tests.support.hostile_server import talking

KEY = "sk-very-secret-0123456789"


@pytest.fixture(autouse=True)
def straight(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def client(url, **options):
    return Client(Server(url=url, **{"retries": 0, "timeout_s": 20.0} | options), "x.url", KEY, sleep=lambda _: None)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 3000000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 400 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFF\r\n",
    ],
)
def test_a_body_without_an_end_is_not_read(head):
    """3 GB that are claimed, a length of 400 digits, no length at all, one chunk of a terabyte."""
    with talking(lambda talk: talk.endless(head, b"[" * 65_536)) as (url, _):
        tracemalloc.start()
        with pytest.raises(Unreadable, match="a body of more than 1,048,576 bytes"):
            client(url).post("x", b"{}")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 6 * MAX_BODY_BYTES


def test_a_refusal_without_an_end_is_told_by_its_first_words():
    with (
        talking(lambda talk: talk.endless(b"HTTP/1.1 400 Bad\r\n\r\n", b"no! " * 9999)) as (url, _),
        pytest.raises(RequestRefused) as no,
    ):
        client(url).post("x", b"{}")
    assert 100 < len(str(no.value)) < 350


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-A: ", b"HT", b"HTTP/1.1 500 No\r\n\r\n"])  # fmt: skip
def test_a_server_that_drips_is_given_up_at_the_deadline(head):
    """One byte at a time, each before a socket's own time-out: of the body, a header, the status line, a refusal."""
    with talking(lambda talk: talk.endless(head, b"a", pause=0.1)) as (url, _):
        began = time.monotonic()
        with pytest.raises(Unavailable, match="TimeoutError: no complete response within 0.7 s"):
            client(url, timeout_s=0.7).post("x", b"{}")
        assert time.monotonic() - began < 5
    assert not [t for t in threading.enumerate() if isinstance(t, threading.Timer) and t.is_alive()]


def test_a_header_of_hundred_continues_is_given_up_at_the_deadline():
    with (
        talking(lambda talk: talk.endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.01)) as (url, _),
        pytest.raises(Unavailable, match="within 0.5 s"),
    ):
        client(url, timeout_s=0.5).post("x", b"{}")


def test_a_packed_body_is_not_unpacked():
    bomb = gzip.compress(b"[" * 50_000_000)
    with (
        talking(lambda talk: talk.send(bomb, "200 OK", "Content-Encoding: gzip")) as (url, _),
        pytest.raises(Unreadable, match="Content-Encoding is 'gzip', which was not requested"),
    ):
        client(url).post("x", b"{}")


@pytest.mark.parametrize("head", [b"SSH-2.0-OpenSSH_9.6\r\n", b"\x00" * 70_000, b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 2000 + b"\r\n", b"HTTP/1.1 2e2 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"])  # fmt: skip
def test_what_is_no_http_or_ends_early_is_a_broken_connection(head):
    with talking(lambda talk: talk.raw(head)) as (url, _), pytest.raises(Unavailable) as away:
        client(url).post("x", b"{}")
    assert away.value.status is None
    assert len(str(away.value)) < 400 and str(away.value).isprintable()


@pytest.mark.parametrize("status", ["400 Bad Request", "503 Busy", "307 Away", "666 " + KEY])
def test_a_key_that_comes_back_is_told_by_nobody(status):
    """Whole, cut by the length of a message, in a header, in a status line, as JSON and base64 have it."""
    body = lambda talk: b"x" * 285 + talk.key + b" c2stdmVyeS1zZWNyZXQtMDEyMzQ1Njc4OQ== "  # noqa: E731
    with (
        talking(lambda talk: talk.send(body(talk), status, f"Location: http://x/?k={KEY}")) as (url, _),
        pytest.raises((RequestRefused, Unavailable)) as fault,
    ):
        client(url).post("x", b"{}")
    assert "sk-very" not in str(fault.value) and "c2stdm" not in str(fault.value)


def test_a_server_that_cannot_is_not_asked_again():
    with talking(lambda talk: talk.send(b"no POST here", "501 Not Implemented")) as (url, results):
        with pytest.raises(RequestRefused, match="501 no POST here"):
            client(url, retries=9).post("x", b"{}")
        assert len(results) == 1


def test_words_of_a_server_are_one_printable_line():
    with (
        talking(lambda talk: talk.send("no\r\n\x1b[2J\x00 \u202eway\n".encode(), "400 x")) as (url, _),
        pytest.raises(RequestRefused, match=r"^400 no \[2J way$"),
    ):
        client(url).post("x", b"{}")


@pytest.mark.parametrize(
    "url", ["http://", "http://[bad", "http://a:port", "http://a b/v1", "http://a/\nv1", "gs://a", "", "a"]
)
def test_an_address_that_is_none_is_named_at_once(url):
    with pytest.raises(SettingsError, match=r"x\.url is"):
        client(url)


def test_a_key_with_a_line_break_is_told_by_nobody_and_one_at_its_end_is_none():
    with pytest.raises(SettingsError) as fault:
        Client(Server(), "x.url", "sk-one\nsk-two")
    assert "sk-" not in str(fault.value)
    with talking(lambda talk: talk.send(b"{}")) as (url, _):
        assert Client(Server(url=url), "x.url", f"{KEY}\n").post("x", b"{}") == b"{}"


def test_many_attempts_wait_the_longest_wait():
    waits = []
    with talking(lambda talk: talk.send(b"", "503 x")) as (url, _):
        patient = Client(Server(url=url, retries=40, longest_wait_s=9), "x.url", sleep=waits.append)
        with pytest.raises(Unavailable, match="41 attempts, the last one: 503"):
            patient.post("x", b"{}")
    assert waits[:5] == [1, 2, 4, 8, 9] and set(waits[4:]) == {9}
