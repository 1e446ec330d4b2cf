"""A real HTTP server on loopback, which misbehaves in the ways that servers do."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from pipelines.annotate.load_describer import load_describer
from pipelines.annotate.picture_pixels import as_jpeg, read_picture
from pipelines.annotate.protocol import NotePicture
from pipelines.annotate.server_describer import ServerDescriber
from pipelines.annotate.settings import Describe
from pipelines.models.openai_client import Server
from schemas.errors import SettingsError


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        url = request["messages"][0]["content"][0]["image_url"]["url"]
        rgb = read_picture(base64.b64decode(url.removeprefix("data:image/jpeg;base64,")), 4096)
        grey = round(float(rgb.mean()))
        with self.server.lock:
            self.server.requests.append((self.path, dict(self.headers), request, rgb.shape))
            self.server.now += 1
            self.server.most = max(self.server.most, self.server.now)
            steps = self.server.plan.get(grey) or []
            step = steps.pop(0) if steps else {}
        time.sleep(step.get("sleep", 0))
        with self.server.lock:  # before the answer is written: who has read it may ask the next thing at once
            self.server.now -= 1
        self.play(step, grey)

    def play(self, step, grey):
        if step.get("hang_up"):
            self.close_connection = True
            return
        answer = step.get("body", {"choices": [{"message": {"content": f" grey {grey} "}, "finish_reason": "stop"}]})
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(step.get("status", 200))
        for name, value in step.get("headers", {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.lock, running.requests, running.plan, running.now, running.most = threading.Lock(), [], {}, 0, 0
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.server_close()
    thread.join()


def describer(server, api_key=None, waits=None, **changed):
    url = f"http://127.0.0.1:{server.server_address[1]}/v1/"
    settings = Describe(
        name="server", model="some-vlm", prompt="What is it?", side=64, server=Server(url=url, **{"timeout_s": 5.0} | changed)
    )
    return ServerDescriber(settings, api_key, sleep=([] if waits is None else waits).append)


def grey(level, size=(30, 40)):
    return NotePicture(content=as_jpeg(np.full((*size, 3), level, np.uint8), quality=100))


def test_each_picture_gets_its_own_description_in_order(server):
    answers = describer(server)([grey(level) for level in range(10, 250, 10)])
    assert [a.text for a in answers] == [f"grey {level}" for level in range(10, 250, 10)]


def test_the_request_is_openais(server):
    describer(server, api_key="secret")([grey(7, size=(200, 100))])
    [(path, headers, request, shape)] = server.requests
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer secret"
    assert {key: request[key] for key in ("model", "max_tokens", "temperature")} == {
        "model": "some-vlm", "max_tokens": 128, "temperature": 0,
    }  # fmt: skip
    assert request["messages"][0]["content"][1] == {"type": "text", "text": "What is it?"}
    assert shape == (64, 32, 3)


def test_no_more_requests_are_sent_at_once_than_the_setting(server):
    server.plan = {level: [{"sleep": 0.1}] for level in range(10, 90, 10)}
    describer(server, concurrency=3)([grey(level) for level in range(10, 90, 10)])
    assert server.most == 3


@pytest.mark.parametrize("step", [{"status": 429}, {"status": 500}, {"status": 503}, {"hang_up": True}])
def test_a_busy_server_is_retried_with_growing_waits(server, step):
    server.plan = {10: [dict(step), dict(step)]}
    waits = []
    [answer] = describer(server, waits=waits, backoff_s=0.5)([grey(10)])
    assert answer.text == "grey 10"
    assert waits == [0.5, 1.0]


def test_a_silent_server_is_retried(server):
    server.plan = {10: [{"sleep": 1.0}]}
    [answer] = describer(server, timeout_s=0.3)([grey(10)])
    assert answer.text == "grey 10"
    assert len(server.requests) == 2


def test_waits_for_retry_after_up_to_a_limit(server):
    busy = [{"status": 429, "headers": {"Retry-After": seconds}} for seconds in ("7", "9999", "Wed, 21 Oct 2026 07:28:00 GMT")]
    server.plan = {10: busy}
    waits = []
    describer(server, waits=waits, backoff_s=0.5, longest_wait_s=60)([grey(10)])
    assert waits == [7.0, 60.0, 2.0]


def test_an_unavailable_server_fails_the_rows_and_not_the_job(server):
    server.plan = {10: [{"status": 503, "body": {"error": "loading"}}] * 3}
    failed, fine = describer(server, retries=2)([grey(10), grey(20)])
    assert (failed.text, failed.reason) == (None, "server unavailable")
    assert failed.detail.startswith("3 attempts, the last one: 503") and "loading" in failed.detail
    assert fine.text == "grey 20"


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ({"status": 400, "body": {"error": "too many tokens"}}, "server refused"),
        ({"body": b"<html>"}, "server's answer not understood"),
        ({"body": {"choices": []}}, "server's answer not understood"),
        ({"body": {"choices": [{"message": {"content": None}, "finish_reason": "content_filter"}]}}, "empty description"),
        ({"body": {"choices": [{"message": {"content": " "}}]}}, "empty description"),
    ],
)
def test_a_permanent_error_is_not_retried(server, step, reason):
    server.plan = {10: [step]}
    failed, fine = describer(server, concurrency=1)([grey(10), grey(20)])
    assert (failed.text, failed.reason) == (None, reason)
    assert fine.text == "grey 20"
    assert len(server.requests) == 2


def test_a_bad_picture_is_not_sent(server):
    answers = describer(server)([NotePicture(content=b"no picture"), NotePicture(), grey(20)])
    assert [a.reason for a in answers] == ["not a picture", "empty file", None]
    assert len(server.requests) == 1


def test_no_server_at_the_address_is_a_reason():
    settings = Describe(name="server", model="m", server=Server(url="http://127.0.0.1:1/v1", retries=0))
    [answer] = load_describer(settings)([grey(10)])
    assert answer.reason == "server unavailable"


def test_the_model_name_follows_from_the_request(server):
    def model(**changed):
        return load_describer(Describe(name="server", **{"model": "m"} | changed)).model

    assert model() == model()
    assert len({model(), model(prompt="?"), model(side=64), model(max_new_tokens=5), model(model="n")}) == 5


def test_an_invalid_url_is_an_error_at_the_start():
    with pytest.raises(SettingsError, match=r"describe\.server\.url is 'localhost:8000', expected http"):
        load_describer(Describe(name="server", model="m", server=Server(url="localhost:8000")))
