"""Retries with exponential backoff and jitter, so that many readers do not return at once."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Longest wait before each retry; the shortest is half of it. In all 16 to 32 s: a store that restarts or throttles is back by
then, and a task that occupies a core for longer is better left to the next attempt of the job."""


class RetriesExhausted(Exception):  # noqa: N818  # reports the failure of another call
    """All attempts failed: holds the last error, the number of attempts and the seconds they took."""

    def __init__(self, error: Exception, times: int, seconds: float) -> None:
        """Store all three."""
        super().__init__(f"{error} ({times} times in {seconds:.0f} s)")
        self.error, self.times, self.seconds = error, times, seconds


def with_retries(call: Callable[[], T], is_transient: Callable[[Exception], bool]) -> T:
    """Call a function until it succeeds, and return its result.

    Args:
        call: the function; may raise.
        is_transient: whether an error may disappear on a retry; others are raised at once.

    Raises:
        RetriesExhausted: every attempt raised a transient error.
    """
    begin = time.monotonic()
    for times, wait in enumerate((*WAITS_S, 0.0), 1):
        try:
            return call()
        except Exception as error:
            if not is_transient(error):
                raise
            if times > len(WAITS_S):
                raise RetriesExhausted(error, times, time.monotonic() - begin) from error
        time.sleep(wait * random.uniform(0.5, 1))
    raise AssertionError("the last error is raised")
