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


def test_inside_at_once(cancellation):
    reached = []

    def run():
        with cancellation:
            ask()
            reached.append("after")

    with pytest.raises(Stopped):
        run()
    assert reached == []


def test_outside_it_waits_for_the_next_inside(cancellation):
    with cancellation:
        pass
    ask()
    with pytest.raises(Stopped):
        cancellation.raise_if_requested()
    with pytest.raises(Stopped), cancellation:
        pytest.fail("nothing may begin any more")


def test_what_is_written_down_about_the_end_is_not_cut_off(cancellation):
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


def test_nobody_asked(cancellation):
    cancellation.raise_if_requested()
    with cancellation:
        pass
