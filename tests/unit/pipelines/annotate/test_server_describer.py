"""A real HTTP server on loopback, which misbehaves in the ways that servers do."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from pipelines.annotate.load_describer import Describe, Shown, load_describer
from pipelines.annotate.picture_pixels import as_jpeg, read_picture
from pipelines.annotate.server_describer import ServerDescriber
from pipelines.models.openai_client import Server
from schemas.errors import SettingsError


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        url = asked["messages"][0]["content"][0]["image_url"]["url"]
        rgb = read_picture(base64.b64decode(url.removeprefix("data:image/jpeg;base64,")), 4096)
        grey = round(float(rgb.mean()))
        with self.server.lock:
            self.server.asked.append((self.path, dict(self.headers), asked, rgb.shape))
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
        told = step.get("body", {"choices": [{"message": {"content": f" grey {grey} "}, "finish_reason": "stop"}]})
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
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
    there = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    there.lock, there.asked, there.plan, there.now, there.most = threading.Lock(), [], {}, 0, 0
    thread = threading.Thread(target=there.serve_forever, daemon=True)
    thread.start()
    yield there
    there.shutdown()
    there.server_close()
    thread.join()


def describer(server, api_key=None, waits=None, **changed):
    url = f"http://127.0.0.1:{server.server_address[1]}/v1/"
    settings = Describe(
        name="server", model="some-vlm", prompt="What is it?", side=64, server=Server(url=url, **{"timeout_s": 5.0} | changed)
    )
    return ServerDescriber(settings, api_key, sleep=([] if waits is None else waits).append)


def grey(level, size=(30, 40)):
    return Shown(content=as_jpeg(np.full((*size, 3), level, np.uint8), quality=100))


def test_each_picture_gets_its_own_description_in_order(server):
    answers = describer(server)([grey(level) for level in range(10, 250, 10)])
    assert [a.text for a in answers] == [f"grey {level}" for level in range(10, 250, 10)]


def test_asks_as_openai_has_it(server):
    describer(server, api_key="secret")([grey(7, size=(200, 100))])
    [(path, headers, asked, shape)] = server.asked
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer secret"
    assert {key: asked[key] for key in ("model", "max_tokens", "temperature")} == {
        "model": "some-vlm", "max_tokens": 128, "temperature": 0,
    }  # fmt: skip
    assert asked["messages"][0]["content"][1] == {"type": "text", "text": "What is it?"}
    assert shape == (64, 32, 3)


def test_no_more_requests_are_under_way_than_asked_for(server):
    server.plan = {level: [{"sleep": 0.1}] for level in range(10, 90, 10)}
    describer(server, concurrency=3)([grey(level) for level in range(10, 90, 10)])
    assert server.most == 3


@pytest.mark.parametrize("step", [{"status": 429}, {"status": 500}, {"status": 503}, {"hang_up": True}])
def test_a_busy_server_is_asked_again_after_longer_and_longer_waits(server, step):
    server.plan = {10: [dict(step), dict(step)]}
    waits = []
    [answer] = describer(server, waits=waits, backoff_s=0.5)([grey(10)])
    assert answer.text == "grey 10"
    assert waits == [0.5, 1.0]


def test_a_silent_server_is_asked_again(server):
    server.plan = {10: [{"sleep": 1.0}]}
    [answer] = describer(server, timeout_s=0.3)([grey(10)])
    assert answer.text == "grey 10"
    assert len(server.asked) == 2


def test_waits_as_long_as_the_server_says_up_to_a_limit(server):
    busy = [{"status": 429, "headers": {"Retry-After": told}} for told in ("7", "9999", "Wed, 21 Oct 2026 07:28:00 GMT")]
    server.plan = {10: busy}
    waits = []
    describer(server, waits=waits, backoff_s=0.5, longest_wait_s=60)([grey(10)])
    assert waits == [7.0, 60.0, 2.0]


def test_a_server_that_stays_away_costs_the_rows_and_not_the_job(server):
    server.plan = {10: [{"status": 503, "body": {"error": "loading"}}] * 3}
    away, fine = describer(server, retries=2)([grey(10), grey(20)])
    assert (away.text, away.reason) == (None, "server unavailable")
    assert away.detail.startswith("3 attempts, the last one: 503") and "loading" in away.detail
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
def test_what_another_attempt_does_not_mend_is_not_asked_again(server, step, reason):
    server.plan = {10: [step]}
    poison, fine = describer(server, concurrency=1)([grey(10), grey(20)])
    assert (poison.text, poison.reason) == (None, reason)
    assert fine.text == "grey 20"
    assert len(server.asked) == 2


def test_a_poison_picture_is_not_sent(server):
    answers = describer(server)([Shown(content=b"no picture"), Shown(), grey(20)])
    assert [a.reason for a in answers] == ["not a picture", "empty file", None]
    assert len(server.asked) == 1


def test_nobody_there_is_a_reason_too():
    settings = Describe(name="server", model="m", server=Server(url="http://127.0.0.1:1/v1", retries=0))
    [answer] = load_describer(settings)([grey(10)])
    assert answer.reason == "server unavailable"


def test_the_model_is_named_by_what_it_is_asked(server):
    def model(**changed):
        return load_describer(Describe(name="server", **{"model": "m"} | changed)).model

    assert model() == model()
    assert len({model(), model(prompt="?"), model(side=64), model(max_new_tokens=5), model(model="n")}) == 5


def test_a_url_that_is_none_ends_the_start():
    with pytest.raises(SettingsError, match=r"describe\.server\.url is 'localhost:8000', expected http"):
        load_describer(Describe(name="server", model="m", server=Server(url="localhost:8000")))
