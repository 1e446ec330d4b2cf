"""The tests reach no hub, whatever the environment says and whichever test comes first."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
ASKS = """
import json, sys
import tests.conftest
early = [name for name in ("huggingface_hub", "transformers", "datasets", "torch", "pyspark", "ray") if name in sys.modules]
from huggingface_hub import constants
print(json.dumps([early, constants.HF_HUB_OFFLINE]))
"""


@pytest.mark.parametrize("environment", [{}, {"HF_HUB_OFFLINE": "0", "TRANSFORMERS_OFFLINE": "0"}])
def test_the_hubs_client_is_offline_from_its_import_on(environment):
    kept = {name: value for name, value in os.environ.items() if "OFFLINE" not in name}
    done = subprocess.run(
        [sys.executable, "-c", ASKS], cwd=ROOT, env=kept | environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [[], True]


def test_in_this_run_nothing_has_imported_the_client_before(monkeypatch):
    from huggingface_hub import constants

    assert constants.HF_HUB_OFFLINE
    asked = []
    monkeypatch.setattr(socket.socket, "connect", lambda *where: asked.append(where))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *where, **_: asked.append(where) or [])

    from pipelines.encode.preset import load_spec
    from pipelines.models.weights_folder import folder_of
    from schemas.errors import SettingsError

    with pytest.raises(SettingsError, match="not in the hub's cache"):
        folder_of(load_spec("gme", ["model=nobody/has-this"]), weights=True)
    assert asked == []
