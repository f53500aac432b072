"""A real SIGTERM, at once inside, later outside."""

from __future__ import annotations

import os
import signal

import pytest

from piwizard.engine.cancellation import Cancellation, Stopped


@pytest.fixture
def stopping():
    before = signal.getsignal(signal.SIGTERM)
    listening = Cancellation()
    listening.listen()
    yield listening
    signal.signal(signal.SIGTERM, before)


def ask():
    os.kill(os.getpid(), signal.SIGTERM)


def test_inside_at_once(stopping):
    reached = []

    def run():
        with stopping:
            ask()
            reached.append("after")

    with pytest.raises(Stopped):
        run()
    assert reached == []


def test_outside_it_waits_for_the_next_inside(stopping):
    with stopping:
        pass
    ask()
    with pytest.raises(Stopped):
        stopping.look()
    with pytest.raises(Stopped), stopping:
        pytest.fail("nothing may begin any more")


def test_what_is_written_down_about_the_end_is_not_cut_off(stopping):
    written = []

    def run():
        try:
            with stopping:
                ask()
        finally:
            ask()
            written.append("how it ended")

    with pytest.raises(Stopped):
        run()
    assert written


def test_nobody_asked(stopping):
    stopping.look()
    with stopping:
        pass
