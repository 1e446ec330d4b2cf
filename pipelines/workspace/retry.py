"""Ask again what may answer later: waits double, each cut by chance, so that many readers do not come back at once."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Before each repetition, at most; at least half of it. Together 16 to 32 s: a store that restarts or throttles is back by
then, and a task that holds a core for longer is better given to the next attempt of the job."""


class GaveUp(Exception):  # noqa: N818  # what was asked is at fault, not this
    """The last error, how often it was asked, and for how long."""

    def __init__(self, error: Exception, times: int, seconds: float) -> None:
        """Keep all three."""
        super().__init__(f"{error} ({times} times in {seconds:.0f} s)")
        self.error, self.times, self.seconds = error, times, seconds


def retried(ask: Callable[[], T], passing: Callable[[Exception], bool]) -> T:
    """What `ask` returns, at the first time that it does.

    Args:
        ask: may raise.
        passing: whether an error may be gone the next time; others are raised at once.

    Raises:
        GaveUp: it raised a passing error each time.
    """
    begin = time.monotonic()
    for times, wait in enumerate((*WAITS_S, 0.0), 1):
        try:
            return ask()
        except Exception as error:
            if not passing(error):
                raise
            if times > len(WAITS_S):
                raise GaveUp(error, times, time.monotonic() - begin) from error
        time.sleep(wait * random.uniform(0.5, 1))
    raise AssertionError("the last error is raised")
