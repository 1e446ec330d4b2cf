"""Two common servers, as processes on loopback with tiny models: llama.cpp's and `transformers serve`."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LLAMA = """
import sys, time
import xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.port = sys.argv[1], int(sys.argv[2])
if len(sys.argv) > 3:
    params.mmproj.path = sys.argv[3]
params.model_alias = ["tiny.gguf"]
params.hostnames, params.n_ctx, params.n_parallel = ["127.0.0.1"], 16384, 2
params.warmup = params.fit_params = params.ui = False
params.cpuparams.n_threads = 1
server = xllamacpp.Server(params)
time.sleep(3600)
"""


@contextmanager
def llama_cpp(model, eyes=None):
    """The base URL of llama.cpp's server with a GGUF model, with or without a projector for pictures."""
    port = _free_port()
    with _process([sys.executable, "-c", LLAMA, str(model), str(port), *([str(eyes)] if eyes else [])], port, "/health"):
        yield f"http://127.0.0.1:{port}/v1"


@contextmanager
def transformers_serve(folder, cache):
    """The base URL of `transformers serve` with a model's folder, and an empty cache of the hub."""
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "transformers.cli.transformers",
        "serve",
        str(folder),
        "--device",
        "cpu",
        "--host",
        "127.0.0.1",
    ]
    with _process([*command, "--port", str(port)], port, "/health", HF_HOME=str(cache)):
        yield f"http://127.0.0.1:{port}/v1"


@contextmanager
def _process(command, port, page, **variables):
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "OMP_NUM_THREADS": "1"} | variables
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait(process, log, f"http://127.0.0.1:{port}{page}")
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(process, log, url, seconds=240):
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            log.seek(0)
            raise AssertionError(log.read().decode(errors="replace")[-3000:])
        try:
            direct.open(url, timeout=5).close()
            return
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
    raise AssertionError(f"no server at {url} after {seconds} s")


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]
