"""A raw-socket HTTP server on loopback that can send arbitrary bytes at any speed."""

import json
import socket
import threading
import time
from contextlib import contextmanager


class RawConnection:
    """A connection whose request has been read."""

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
        """Send until the client hangs up, or for 60 s; returns the number of bytes sent."""
        self.raw(head)
        count, end = 0, time.monotonic() + 60
        while time.monotonic() < end:
            self.raw(piece)
            count += len(piece)
            time.sleep(pause)
        return count


@contextmanager
def talking(play, models="404 Not Found"):
    """(url, the `RawConnection` of each POST) of a server that lists no models: it answers with the status `models`, or hangs up if None."""
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
            except OSError:  # the client has disconnected
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
    return RawConnection(connection, head, body)


def _some(connection):
    content = connection.recv(1 << 16)
    if not content:
        raise ConnectionError("the client has disconnected")
    return content


def completion(count=20, usage='{"prompt_tokens": 50}', **changed):
    """Build the JSON of a valid answer with changes; `usage` is inserted verbatim."""
    words = ["yes", "Yes", "YES", " yes", " Yes", " YES", "no", "No", "NO", " no", " No", " NO"]
    top = [{"token": w, "logprob": -2.5 - n / 100} for n, w in enumerate(words)]
    top += [{"token": f"w{n}", "logprob": -12.0} for n in range(count - len(top))]
    answer = {"choices": [{"message": {"content": "yes"}, "logprobs": {"content": [{"top_logprobs": top}]}}]} | changed
    return json.dumps(answer)[:-1] + f', "usage": {usage}}}'
