"""Test a real SIGTERM: handled at once inside the block, later outside."""

from __future__ import annotations

import os
import signal

import pytest

from piwizard.engine.cancellation import Cancellation, Stopped


@pytest.fixture
def cancellation():
    before = signal.getsignal(signal.SIGTERM)
    listening = Cancellation()
    listening.listen()
    yield listening
    signal.signal(signal.SIGTERM, before)


def ask():
    os.kill(os.getpid(), signal.SIGTERM)


def test_signal_inside_the_block_is_immediate(cancellation):
    reached = []

    def run():
        with cancellation:
            ask()
            reached.append("after")

    with pytest.raises(Stopped):
        run()
    assert reached == []


def test_signal_outside_waits_for_the_next_block(cancellation):
    with cancellation:
        pass
    ask()
    with pytest.raises(Stopped):
        cancellation.raise_if_requested()
    with pytest.raises(Stopped), cancellation:
        pytest.fail("nothing may begin any more")


def test_signal_does_not_interrupt_the_final_events(cancellation):
    written = []

    def run():
        try:
            with cancellation:
                ask()
        finally:
            ask()
            written.append("how it ended")

    with pytest.raises(Stopped):
        run()
    assert written


def test_block_without_a_signal_continues(cancellation):
    cancellation.raise_if_requested()
    with cancellation:
        pass
