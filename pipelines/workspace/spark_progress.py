"""Progress lines of a Spark stage."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JError
from pyspark import SparkContext

from pipelines.workspace.progress_line import log_progress

EVERY_SECONDS = 5.0


@contextmanager
def progress(context: SparkContext, stage: str) -> Iterator[None]:
    """Log every five seconds how many of Spark's tasks are done, while the block runs."""
    stop = threading.Event()
    watch = threading.Thread(target=_watch, args=(context, stage, stop), daemon=True)
    watch.start()
    try:
        yield
    finally:
        stop.set()
        watch.join()


def _watch(context: SparkContext, stage: str, stop: threading.Event) -> None:
    started = time.monotonic()
    while not stop.wait(EVERY_SECONDS):
        try:
            tracker = context.statusTracker()
            infos = [tracker.getStageInfo(i) for i in tracker.getActiveStageIds()]
        except (Py4JError, OSError):  # Java has ended or is ending; the thread that waits for the stage reports it
            return
        done = sum(i.numCompletedTasks for i in infos if i)
        tasks = sum(i.numTasks for i in infos if i)
        log_progress(f"{stage}: {done} of {tasks} tasks of the running Spark stage, {time.monotonic() - started:.0f} s")
