"""A server of raw bytes on loopback: says HTTP's bytes itself, so it can say anything, at any speed."""

import json
import socket
import threading
import time
from contextlib import contextmanager


class Talk:
    """One connection, after its request has been read."""

    def __init__(self, connection, head, body):
        self.connection, self.head, self.asked = connection, head, body

    @property
    def key(self):
        for line in self.head.split(b"\r\n"):
            if line.lower().startswith(b"authorization:"):
                return line.split(b":", 1)[1].strip()
        return b""

    def send(self, body, status="200 OK", *headers):
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
        self.raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def raw(self, content):
        self.connection.sendall(content)

    def endless(self, head, piece, pause=0.0):
        """Until the other side hangs up, or 60 s; how many bytes it took."""
        self.raw(head)
        count, end = 0, time.monotonic() + 60
        while time.monotonic() < end:
            self.raw(piece)
            count += len(piece)
            time.sleep(pause)
        return count


@contextmanager
def talking(play, models="404 Not Found"):
    """(url, the `Talk` of each POST) of a server that lists no models: it says `models`, None: it hangs up."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    listening.settimeout(0.05)
    ended, asked = threading.Event(), []

    def serve(connection):
        with connection:
            connection.settimeout(10)
            try:
                talk = _read(connection)
                if talk.head.startswith(b"GET"):
                    if models:
                        talk.send(b'{"error": "no such page"}', models)
                else:
                    asked.append(talk)
                    play(talk)
            except OSError:  # the client waited no longer
                return

    def accept():
        while not ended.is_set():
            try:
                connection, _ = listening.accept()
            except TimeoutError:
                continue
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1", asked
    finally:
        ended.set()
        thread.join()
        listening.close()


def _read(connection):
    content = b""
    while b"\r\n\r\n" not in content:
        content += _some(connection)
    head, body = content.split(b"\r\n\r\n", 1)
    length = next((int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += _some(connection)
    return Talk(connection, head, body)


def _some(connection):
    found = connection.recv(1 << 16)
    if not found:
        raise ConnectionError("the client is gone")
    return found


def completion(count=20, usage='{"prompt_tokens": 50}', **changed):
    """JSON of an answer that is right but for what is changed; `usage` is put in as it stands."""
    words = ["yes", "Yes", "YES", " yes", " Yes", " YES", "no", "No", "NO", " no", " No", " NO"]
    top = [{"token": w, "logprob": -2.5 - n / 100} for n, w in enumerate(words)]
    top += [{"token": f"w{n}", "logprob": -12.0} for n in range(count - len(top))]
    told = {"choices": [{"message": {"content": "yes"}, "logprobs": {"content": [{"top_logprobs": top}]}}]} | changed
    return json.dumps(told)[:-1] + f', "usage": {usage}}}'
