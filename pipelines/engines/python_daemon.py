"""PySpark's daemon, which forks the Python workers, without a traceback for a worker that Java no longer needs.

Java closes a worker's socket when it has been idle for a minute, when a task needs no more of its rows, and when the job ends.
The worker then fails to flush what nobody reads, and PySpark 4.3 prints the traceback in the middle of the job's progress.
"""

import socket

from pyspark import daemon

_worker = daemon.worker


def worker(sock: socket.socket, authenticated: bool) -> int:
    """Run one worker on a socket of Java's; the exit code, 1 where Java closed it."""
    try:
        return int(_worker(sock, authenticated))
    except (BrokenPipeError, ConnectionResetError):
        return 1


if __name__ == "__main__":
    daemon.worker = worker
    daemon.manager()
