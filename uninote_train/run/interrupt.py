"""A run that is asked to end does so between two steps, with a checkpoint: Ctrl-C, and a scheduler that wants the machine."""

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any

import torch

from schemas.start import Interrupted
from uninote_train.run.processes import Processes

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """While the block runs, the first signal is kept for `wanted`; a second one ends the process at once, as before it."""

    def __init__(self, processes: Processes, device: torch.device) -> None:
        """Nothing is changed yet."""
        self.number: int | None = None
        self._processes, self._device = processes, device
        self._before: dict[int, Any] = {}
        self._process = os.getpid()

    def __enter__(self) -> "Stop":
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):  # nohup, or a job in the background
                    self._before[number] = signal.signal(number, self._keep)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def wanted(self) -> bool:
        """Whether a signal has come, to any of the processes: all end after the same step, or some would wait for ever."""
        if self._processes.world == 1:
            return self.number is not None
        asked = torch.tensor(0.0 if self.number is None else float(self.number), device=self._device)
        return bool(self._processes.total(asked) > 0)

    def raised(self, line: str) -> Interrupted:
        """What ends the program; `line` says what is kept."""
        return Interrupted(self.number or signal.SIGTERM, line)

    def _keep(self, number: int, _: FrameType | None) -> None:
        if os.getpid() != self._process:  # a worker that was forked just now
            return
        if self.number is not None:
            raise Interrupted(number, "at once, without a checkpoint of the last steps; the newest one stands")
        self.number = number


def leave_signals_to_parent(_worker: int = 0) -> None:
    """Called by a data worker at its start: a signal to the whole group must not end it under a step that is to be saved.

    SIGINT and SIGHUP are ignored. SIGTERM ends it where the parent has sent it, which is how workers are cleaned up.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=_end_when_parent_says, args=(os.getppid(),), daemon=True).start()


def _end_when_parent_says(parent: int) -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != parent:
        pass
    os._exit(0)
