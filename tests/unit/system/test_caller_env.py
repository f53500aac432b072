"""Test that a variable is read from the sudo that dropped it, and from no other process."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from piwizard.system import caller_env, commands


@pytest.fixture
def sudo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Start a process with a variable that passes for sudo, and yield its ID."""
    program = tmp_path / "sudo"
    shutil.copy2(Path(sys.executable).resolve(), program)
    monkeypatch.setattr(commands, "which", lambda name: str(program) if name == "sudo" else None)
    waits = "import sys; print('here', flush=True); sys.stdin.read()"
    argv = [str(program), "-S", "-c", waits]
    environment = {"ORCHID": "white=1", "PATH": "/bin", "PYTHONHOME": sys.base_prefix}
    with subprocess.Popen(argv, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        monkeypatch.setattr(caller_env.os, "getppid", lambda: process.pid)
        yield process.pid
        process.kill()


def test_variable_is_read_from_the_sudo_process(sudo: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_UID", "1000")
    assert caller_env.read_variable("ORCHID") == "white=1"
    assert caller_env.read_variable("TULIP") is None
    monkeypatch.setenv("ORCHID", "red")
    assert caller_env.read_variable("ORCHID") == "red", "the process's own variable comes first"


def test_variable_is_not_read_from_other_parents(sudo: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_UID", raising=False)
    assert caller_env.read_variable("ORCHID") is None
    monkeypatch.setenv("SUDO_UID", "1000")
    monkeypatch.setattr(commands, "which", lambda name: "/bin/sh")
    assert caller_env.read_variable("ORCHID") is None
    monkeypatch.setattr(caller_env.os, "getppid", lambda: 2**22 + 1)
    assert caller_env.read_variable("ORCHID") is None
