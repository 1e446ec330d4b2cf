"""A line of progress, whatever engine works."""

import sys
import time
from collections.abc import Callable

Say = Callable[[str], None]


def say(line: str) -> None:
    """Print a line of progress, at once."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()
