"""Progress lines on stderr, for all engines."""

import sys
import time
from collections.abc import Callable

ProgressLog = Callable[[str], None]


def log_progress(line: str) -> None:
    """Print a progress line with the time, unbuffered."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()
