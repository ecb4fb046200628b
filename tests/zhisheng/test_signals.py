"""A signal that arrives at any moment of waiting ends the wait."""

import os
import signal
import threading

import pytest

from zhisheng.supervisor import stop_on_signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_the_wait_never_deadlocks(number: signal.Signals) -> None:
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        for _ in range(200):
            stop = threading.Event()
            stop_on_signals(stop)
            # Waiting in tiny steps makes it likely that the signal meets the event's lock held.
            threading.Timer(0.0005, os.kill, (os.getpid(), number)).start()
            while not stop.wait(0.00001):
                pass
            assert stop.is_set()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
