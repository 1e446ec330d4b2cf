"""The locks: every version exact, every file with its hash, and what the .in files ask for is in them."""

import re
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).resolve().parents[3] / "requirements"
PIN = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s\\]+)( \\\n    --hash=sha256:[0-9a-f]{64})?", re.MULTILINE)
LOCKS = ("mining", "models", "train", "dev")


def pins(name):
    """{package: (version, whether a hash follows)}; a name as PyPI compares it."""
    text = (REQUIREMENTS / name).read_text(encoding="utf8")
    return {m[1].lower().replace("_", "-").replace(".", "-"): (m[2], bool(m[3])) for m in PIN.finditer(text)}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_of_a_lock_has_a_hash_and_what_is_asked_for_is_in_the_locks(lock):
    locked = {}
    for below in LOCKS[: LOCKS.index(lock) + 1]:
        locked |= pins(f"{below}.txt")
    assert pins(f"{lock}.txt") and all(hashed for _, hashed in pins(f"{lock}.txt").values())
    asked = {name: version for name, (version, _) in pins(f"{lock}.in").items()}
    assert asked and asked == {name: locked[name][0] for name in asked}
