"""A signal (Ctrl-C, a scheduler's preemption) ends a run after the current step, with a checkpoint."""

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any

import torch

from schemas.start import Interrupted
from uninote_train.process.processes import Processes

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignal:
    """While the block runs, the first signal is recorded for `requested`; a second one ends the process at once."""

    def __init__(self, processes: Processes, device: torch.device) -> None:
        """Handlers are installed on entry, not here."""
        self.number: int | None = None
        self._processes, self._device = processes, device
        self._previous: dict[int, Any] = {}
        self._process = os.getpid()

    def __enter__(self) -> "StopSignal":
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):  # nohup, or a job in the background
                    self._previous[number] = signal.signal(number, self._record)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def requested(self) -> bool:
        """Whether any process has received a signal: all must end after the same step, or some would wait for ever."""
        if self._processes.world == 1:
            return self.number is not None
        signalled = torch.tensor(0.0 if self.number is None else float(self.number), device=self._device)
        return bool(self._processes.total(signalled) > 0)

    def interruption(self, line: str) -> Interrupted:
        """The exception that ends the program; `line` tells the user what is kept."""
        return Interrupted(self.number or signal.SIGTERM, line)

    def _record(self, number: int, _: FrameType | None) -> None:
        if os.getpid() != self._process:  # a worker that was just forked
            return
        if self.number is not None:
            raise Interrupted(number, "at once, without a checkpoint of the last steps; the newest checkpoint is intact")
        self.number = number


def leave_signals_to_parent(_worker: int = 0) -> None:
    """Called by a data worker at its start: a signal to the process group must not end it during a step that will be saved.

    SIGINT and SIGHUP are ignored. SIGTERM ends it only if the parent sent it, which is how workers are cleaned up.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=_exit_on_sigterm_of_parent, args=(os.getppid(),), daemon=True).start()


def _exit_on_sigterm_of_parent(parent: int) -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != parent:
        pass
    os._exit(0)
