"""What pipelines/annotate and pipelines/judge do not show of the client."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pipelines.models.openai_client import Client, RequestRefused, Server, Unavailable


@contextmanager
def answering(*plan):
    """A server that gives these (status, headers, body) one after the other, and keeps what it was sent."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.seen.append((self.command, self.path, self.headers.get("Authorization")))
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, body = self.server.plan.pop(0)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  # the name that http.server calls

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.plan, server.seen = list(plan), []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server, f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def straight(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_key_does_not_follow_a_redirect(status):
    with answering((200, {}, b"{}")) as (other, there), answering((status, {"Location": there}, b"")) as (_, url):
        with pytest.raises(RequestRefused, match=str(status)):
            Client(Server(url=url), "x", "secret").post("chat/completions", b"{}")
        assert other.seen == []


def test_an_answer_that_tells_the_key_is_told_without_it():
    with answering((401, {}, b"wrong key secret!"), (500, {}, b"secret"), (500, {}, b"secret")) as (_, url):
        client = Client(Server(url=url, retries=1), "x", "secret", sleep=lambda _: None)
        with pytest.raises(RequestRefused, match=r"401 wrong key \*\*\*!"):
            client.post("x", b"{}")
        with pytest.raises(Unavailable, match=r"2 attempts, the last one: 500 \*\*\*"):
            client.post("x", b"{}")


def test_before_is_called_for_every_attempt_and_can_end_them():
    class EnoughError(Exception):
        pass

    calls = []

    def before():
        calls.append(1)
        if len(calls) == 3:
            raise EnoughError

    with answering(*[(503, {}, b"")] * 9) as (server, url):
        with pytest.raises(EnoughError):
            Client(Server(url=url, retries=8), "x", sleep=lambda _: None).post("x", b"{}", before)
        assert len(server.seen) == 2


def test_a_get_is_asked_once():
    with answering((503, {}, b""), (200, {}, b"never")) as (server, url):
        with pytest.raises(Unavailable):
            Client(Server(url=url), "x").get("models")
        assert server.seen == [("GET", "/v1/models", None)]
