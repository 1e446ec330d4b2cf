"""Contenders for the tests: a child process imports them by name."""

import os
import time


def answers(value, taken):
    with taken:
        time.sleep(0.3)
    return value * 2


def hoards(mib, taken):
    with taken:
        memory = bytearray(mib << 20)
        memory[:: 1 << 12] = b"x" * len(memory[:: 1 << 12])
        time.sleep(0.3)


def fails(taken):
    raise KeyError("no such model")


def dies(taken):
    os._exit(3)


def sleeps(taken):
    time.sleep(60)
