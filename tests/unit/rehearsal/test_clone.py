"""Test what a clone leaves on this machine."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from piwizard.rehearsal import clone
from piwizard.rehearsal.clone import MachineClone
from piwizard.sandbox.scratch_dir import ScratchDir


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_folder_is_removed_if_a_signal_arrives_while_it_is_made(monkeypatch, tmp_path, number):
    def make(parent, prefix):
        made = ScratchDir(parent, prefix)
        os.kill(os.getpid(), number)
        return made

    monkeypatch.setattr(clone, "SCRATCH_DIRS", tmp_path / "clones")
    monkeypatch.setattr(clone, "ScratchDir", make)
    before = signal.signal(number, signal.default_int_handler)
    idle = threading.Event()
    threading.Thread(target=idle.wait, daemon=True).start()  # may take the signal
    try:
        copy = MachineClone(print)
        with pytest.raises(KeyboardInterrupt):
            copy.start()
        copy.end()
    finally:
        idle.set()
        signal.signal(number, before)
    assert not (tmp_path / "clones").exists()
