"""Test how commands are run: output, exit and environment."""

from __future__ import annotations

import gc
import os
import signal
import threading
from pathlib import Path

import pytest

from piwizard.errors import PiwizardError
from piwizard.system import commands
from piwizard.system.pipes import MAX_LINE_CHARACTERS, TAIL_LINES
from tests.unit.child import child, hears

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")


def test_result_has_exit_code_and_both_streams():
    result = commands.run(("sh", "-c", "echo out; echo err >&2; exit 3"))
    assert (result.exit, result.output, result.errors, result.ok) == (3, "out\n", "err\n", False)
    assert sorted(result.tail) == ["err", "out"]
    assert result.seconds > 0


def test_arguments_are_not_read_by_a_shell():
    words = ["$HOME", "`id`", "a b", "*", "; rm", "'\"", "ü\u202e", "-n"]
    assert commands.run(("printf", "%s\\n", *words)).output.splitlines() == words


def test_lines_are_passed_on_as_they_arrive():
    seen = []
    result = commands.run(("sh", "-c", "printf 'a\\n\\nb'"), on_line=lambda stream, line: seen.append((stream, line)))
    assert seen == [("stdout", "a"), ("stdout", ""), ("stdout", "b")]
    assert result.output.splitlines() == ["a", "", "b"]


def test_invalid_utf8_is_replaced():
    assert commands.run(("printf", "\\377\\n")).output == "\ufffd\n"


def test_followed_output_keeps_the_last_lines():
    result = commands.run(("seq", "1000"), on_line=lambda stream, line: None)
    assert result.output.splitlines() == [str(n) for n in range(1001 - TAIL_LINES, 1001)]
    assert result.last_lines.splitlines() == [str(n) for n in range(995, 1001)]
    assert len(commands.run(("seq", "1000")).output.splitlines()) == 1000


def test_endless_line_uses_bounded_memory():
    """Print 500 MB in one line, while the process may use 100 MB."""
    code = (
        "import resource, sys; from piwizard.system import commands, pipes as streams; commands.run(('true',));"
        "used = int(open('/proc/self/statm').read().split()[0]) * 4096; most = used + 100 * (1 << 20);"
        "resource.setrlimit(resource.RLIMIT_AS, (most, most));"
        "lines = []; commands.run(('head', '-c', '500M', '/dev/zero'), on_line=lambda _, line: lines.append(line));"
        "print(len(lines), len(lines[0]) - streams.MAX_LINE_CHARACTERS, lines[0][-40:].strip(chr(0)), flush=True)"
    )
    with child(code) as process:
        assert hears(process) == "1 29 … (524268000 more characters)"


def test_endless_lines_use_bounded_memory():
    """Print 20 million short lines, while the process may use 200 MB."""
    code = (
        "import resource; from piwizard.system import commands; commands.run(('true',));"
        "used = int(open('/proc/self/statm').read().split()[0]) * 4096; most = used + 200 * (1 << 20);"
        "resource.setrlimit(resource.RLIMIT_AS, (most, most));"
        "print(len(commands.run(('sh', '-c', 'yes | head -c 40M')).output) < 4 << 20, flush=True)"
    )
    with child(code) as process:
        assert hears(process) == "True"


def test_long_line_is_complete_without_a_callback():
    assert len(commands.run(("head", "-c", "100000", "/dev/zero")).output) == 100_001
    seen = []
    commands.run(("head", "-c", "100000", "/dev/zero"), on_line=lambda _, line: seen.append(line))
    assert seen == [f"{chr(0) * MAX_LINE_CHARACTERS}… (80000 more characters)"]


def test_split_character_is_decoded():
    said = "printf '\\303'; sleep 0.1; printf '\\244\\n'; printf '\\303'"
    assert commands.run(("sh", "-c", said)).output == "ä\n\ufffd\n"


def test_pieces_are_passed_on_as_they_arrive():
    came, heard = [], threading.Event()

    def take(text):
        came.append(text)
        heard.set()

    process = commands.start(("sh", "-c", "printf ..; read x; printf '+'"), on_text=take, input="")
    assert heard.wait(10)
    result = process.wait()
    assert ("".join(came), result.output) == ("..+", "..+")


def test_leftover_process_does_not_delay_the_result():
    """A daemon keeps the pipe of its parent open."""
    result = commands.run(("sh", "-c", "sleep 1000 & echo $!"))
    os.kill(int(result.output), signal.SIGKILL)
    assert result.seconds < 20


def test_leftover_process_with_endless_output_is_ignored():
    lines = []
    result = commands.run(("sh", "-c", "yes & echo pid $!"), on_line=lambda stream, line: lines.append(line))
    os.kill(int(next(line for line in lines if line.startswith("pid")).split()[1]), signal.SIGKILL)
    assert result.ok


def test_descriptors_are_closed():
    commands.run(("true",))
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        commands.run(("sh", "-c", "echo a; echo b >&2"), on_line=lambda stream, line: None)
        commands.start(("true",)).end()
        commands.start(("true",)).wait()
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before + 2


def test_callback_exception_is_raised():
    def full(stream, line):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        commands.run(("echo", "x"), on_line=full)


def test_environment_has_nothing_from_the_caller(monkeypatch):
    monkeypatch.setenv("SECRET_OF_A_PERSON", "x")
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    lines = commands.run(("env",), env={"GIVEN": "1"}).output.splitlines()
    found = dict(line.split("=", 1) for line in lines)
    assert found["LC_ALL"] == "C.UTF-8"
    assert found["DEBIAN_FRONTEND"] == "noninteractive"
    assert found["GIVEN"] == "1"
    assert "SECRET_OF_A_PERSON" not in found


def test_input_is_empty_by_default():
    assert commands.run(("cat",), input="ü\n").output == "ü\n"
    assert commands.run(("cat",)).output == ""
    assert commands.run(("tty",)).exit == 1


def test_command_runs_in_its_folder(tmp_path):
    assert commands.run(("pwd",), cwd=tmp_path).output.strip() == str(tmp_path)


@pytest.mark.parametrize("program", ["not-there-at-all", "/not/there", "/etc/passwd"])
def test_missing_program_is_an_error(program):
    with pytest.raises(PiwizardError, match="is not installed"):
        commands.run((program,))


def test_signal_gives_a_negative_exit_code():
    assert commands.run(("sh", "-c", "kill -9 $$")).exit == -9


def test_timeout_gives_exit_code_124():
    result = commands.run(("sh", "-c", "echo begun; sleep 1000"), timeout=0.3)
    assert result.exit == 124
    assert result.output == "begun\n"


def test_end_stops_the_process_group(tmp_path):
    """Even children of the command that ignore SIGTERM are stopped."""
    came, lines = threading.Event(), []

    def note(stream, line):
        lines.append(line)
        came.set()

    script = "trap '' TERM; sleep 1000 & echo $!; wait; wait"
    process = commands.start(("sh", "-c", script), on_line=note)
    assert came.wait(10)
    assert process.alive
    process.end(grace=0.1)
    assert not process.alive
    assert process.wait().exit == -signal.SIGKILL
    state = Path(f"/proc/{lines[0]}/stat")
    assert not state.exists() or state.read_text().split()[2] in "ZX"


def test_closed_terminal_does_not_stop_commands():
    """Every command has a session of its own."""
    process = commands.start(("sleep", "1000"))
    assert os.getsid(process.pid) == process.pid
    process.end(grace=1)


@needs_root
def test_as_nobody_drops_privileges():
    result = commands.run(commands.as_nobody(("cat", "/proc/self/status")))
    found = dict(line.split(":\t", 1) for line in result.output.splitlines() if ":\t" in line)
    assert found["Uid"].split() == [found["Uid"].split()[0]] * 4 != ["0"] * 4
    assert found["Groups"].strip() == ""
    assert (int(found["CapEff"], 16), int(found["CapBnd"], 16), found["NoNewPrivs"].strip()) == (0, 0, "1")


def test_sh_is_imported_with_the_first_command():
    code = "import sys; from piwizard.system import commands; print('sh' in sys.modules, flush=True)"
    with child(code) as process:
        assert hears(process) == "False"


SIGNALLED = """
import os, signal
from piwizard.system import commands

class Stopped(BaseException):
    pass

def stop(number, frame):
    raise Stopped

signal.signal(signal.SIGTERM, stop)
os.register_at_fork(after_in_parent=lambda: signal.raise_signal(signal.SIGTERM))
try:
    commands.run(("sleep", "1000"))
except Stopped:
    print("stopped", flush=True)
"""


def test_signal_during_the_start_ends_the_command(tmp_path):
    with child(SIGNALLED, tmp_path) as process:
        assert hears(process) == "stopped"
        assert process.wait(timeout=30) == 0
