"""Random generators that depend on a name and a seed alone."""

import hashlib
import random


def dice(seed: int, *key: object) -> random.Random:
    """A generator of its own for each name: the same in every process, whatever was drawn before.

    >>> dice(0, "note", 7).random() == dice(0, "note", 7).random()
    True
    """
    spelled = "/".join(map(str, (seed, *key)))
    return random.Random(int.from_bytes(hashlib.sha256(spelled.encode()).digest(), "big"))


def name_of(prefix: str, seed: int, *key: object) -> str:
    """An id without meaning: the prefix and 10 hex digits."""
    spelled = "/".join(map(str, (seed, *key)))
    return prefix + hashlib.sha256(spelled.encode()).hexdigest()[:10]
