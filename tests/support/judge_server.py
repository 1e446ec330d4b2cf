"""A real HTTP server on loopback that serves the tiny model with OpenAI's protocol, and can fail in the ways that servers do.

It shares no code with the judges: chat template, pictures and log probabilities come from transformers.
"""

import base64
import hashlib
import io
import json
import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BUSY, BROKEN, SILENT, HUNG_UP, CUT = "429", "500", "silent", "hung up", "cut"
PASSING = (BUSY, BROKEN, SILENT, HUNG_UP, CUT)
"""Transient faults: the next attempt succeeds."""
WRONG_SHAPES = {
    "html": b"<html>try later</html>",
    "no choices": b'{"choices": []}',
    "no logprobs": b'{"choices": [{"message": {"content": "yes"}, "logprobs": null}]}',
    "a list": b"[1, 2]",
    "no number": b'{"choices": [{"logprobs": {"content": [{"top_logprobs": [{"token": "yes", "logprob": "high"}]}]}}]}',
    "empty": b"",
}
PROBE = b"a red square"
"""Part of the probe request before a run; not counted among the pairs."""
HALF = "half"
"""Every second of the top tokens is missing."""
OTHERS = "others"
"""All top tokens are present, and none of them is a no."""


class TinyServer(ThreadingHTTPServer):
    """Serves one model. `faults`: (digest of a request's body, its attempt from 0) -> the fault to play, or None."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, folder, key=None, silent_s=1.0):
        from transformers import AutoModelForImageTextToText, AutoProcessor

        super().__init__(("127.0.0.1", 0), Handler)
        self.processor = AutoProcessor.from_pretrained(folder)
        self.net = AutoModelForImageTextToText.from_pretrained(folder).eval()
        self.name, self.key, self.silent_s = Path(folder).name, key, silent_s
        self.lock, self.thinking = threading.Lock(), threading.Lock()
        self.attempts, self.answered, self.bodies, self.headers = Counter(), Counter(), {}, []
        self.faults = lambda digest, attempt: None
        self.now = self.most = self.probes = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def forget(self):
        """Reset the counts and the faults."""
        with self.lock:
            self.attempts, self.answered, self.bodies, self.headers = Counter(), Counter(), {}, []
            self.faults = lambda digest, attempt: None
            self.now = self.most = 0

    def answer(self, request):
        """A chat completion of one token."""
        import torch
        from PIL import Image

        pictures, turns = [], []
        for turn in request["messages"]:
            parts = []
            for part in turn["content"]:
                if part["type"] == "image_url":
                    data = part["image_url"]["url"].split(",", 1)[1]
                    pictures.append(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))
                    parts.append({"type": "image"})
                else:
                    parts.append(part)
            turns.append({"role": turn["role"], "content": parts})
        prompt = self.processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        inputs = self.processor(text=[prompt], images=pictures or None, return_tensors="pt")
        with self.thinking, torch.inference_mode():
            logprobs = self.net(**inputs).logits[0, -1].float().log_softmax(-1)
        best = logprobs.topk(request["top_logprobs"])
        top = [
            {"token": self.processor.tokenizer.decode([i]), "logprob": p, "bytes": None}
            for p, i in zip(best.values.tolist(), best.indices.tolist(), strict=True)
        ]
        first = top[0]
        return {
            "id": "x", "object": "chat.completion", "model": self.name,
            "choices": [{
                "index": 0, "finish_reason": "length", "message": {"role": "assistant", "content": first["token"]},
                "logprobs": {"content": [first | {"top_logprobs": top}]},
            }],
            "usage": {"prompt_tokens": inputs["input_ids"].shape[1], "completion_tokens": 1},
        }  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.headers_seen()
        if self.server.key and self.headers.get("Authorization") != f"Bearer {self.server.key}":
            self.send(401, {"error": f"wrong key {self.headers.get('Authorization')}"})
        else:
            self.send(200, {"object": "list", "data": [{"id": self.server.name}]})

    def do_POST(self):
        self.headers_seen()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        digest = hashlib.sha256(body).hexdigest()
        server = self.server
        if PROBE in body:  # always answered, so that a run starts
            server.probes += 1
            self.play(json.loads(body), digest, None)
            return
        with server.lock:
            attempt = server.attempts[digest]
            server.attempts[digest] += 1
            server.bodies[digest] = request = json.loads(body)
            server.now += 1
            server.most = max(server.most, server.now)
            fault = server.faults(digest, attempt)
        self.inside = True
        try:
            self.play(request, digest, fault)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client stopped waiting
        finally:
            self.leave()

    def play(self, request, digest, fault):
        server = self.server
        if server.key and self.headers.get("Authorization") != f"Bearer {server.key}":
            self.send(401, {"error": f"wrong key {self.headers.get('Authorization')}"})
        elif fault == BUSY:
            self.send(429, {"error": "slow down"}, {"Retry-After": "0.01"})
        elif fault == BROKEN:
            self.send(500, {"error": "out of memory"})
        elif fault == SILENT:
            time.sleep(server.silent_s)
            self.close_connection = True
        elif fault == HUNG_UP:
            self.close_connection = True
        elif fault in WRONG_SHAPES:
            self.send(200, WRONG_SHAPES[fault])
        elif isinstance(fault, int):
            self.send(fault, {"error": "no"})
        else:
            self.reply(server.answer(request), digest, fault)

    def reply(self, answer, digest, fault):
        top = answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
        if fault == HALF:
            del top[1::2]
        if fault == OTHERS:
            for n, one in enumerate(top):
                one["token"] = f"w{n}" if one["token"].strip().lower() == "no" else one["token"]
        if fault == CUT:
            body = json.dumps(answer).encode()
            self.send(200, body[: len(body) // 2], claimed=len(body))
            self.close_connection = True
            return
        if getattr(self, "inside", False):
            with self.server.lock:
                self.server.answered[digest] += 1
        self.send(200, answer)

    def leave(self):
        """Called before the answer is written: a client that has read it may send the next request at once."""
        if getattr(self, "inside", False):
            self.inside = False
            with self.server.lock:
                self.server.now -= 1

    def send(self, status, answer, headers=None, claimed=None):
        self.leave()
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(claimed or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def headers_seen(self):
        with self.server.lock:
            self.server.headers.append(dict(self.headers))

    def log_message(self, *arguments):
        pass


@contextmanager
def serving(folder, **options):
    """A `TinyServer` of the model in a folder, while the context is open."""
    server = TinyServer(folder, **options)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def passing_faults(digest, attempt):
    """Half of the requests fail once or twice, each in its own way, then succeed."""
    chance = int(digest[:8], 16)
    if chance % 2 or attempt > chance // 2 % 2:
        return None
    return PASSING[chance // 4 % len(PASSING)]
