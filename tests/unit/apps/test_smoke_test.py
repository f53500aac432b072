from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from piwizard.apps.memory_usage import MEASUREMENT
from piwizard.apps.process_memory import measure_memory
from piwizard.apps.smoke_test import (
    ServedApp,
    Trial,
    _get,
    echo_output,
    parse_arguments,
)
from piwizard.apps.start_output import OutputTail, missing_variable


def said(code: str) -> OutputTail:
    words = OutputTail()
    argv = [sys.executable, "-c", code]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as failing:
        echo_output(failing, words)
    return words


def test_missing_variable_is_named_as_answer(capfd: pytest.CaptureFixture[str]) -> None:
    missing = "app.env.API_KEY: the code needs this environment variable, and it has no value."
    assert said("import os; os.environ['API_KEY']").raised == missing
    assert "KeyError: 'API_KEY'" in capfd.readouterr().out


def test_other_key_errors_are_unchanged() -> None:
    assert said("import os\ntry: os.environ['A']\nexcept KeyError: {}['B']").raised == "KeyError: 'B'"
    assert said("{}['API_KEY']").raised == "KeyError: 'API_KEY'"


def test_app_that_reports_its_missing_variable_and_exits() -> None:
    words = said("import sys; sys.exit('Specify LINE_SECRET as environment variable.')")
    assert (words.raised, words.last) == (
        "",
        "app.env.LINE_SECRET: the code needs this environment variable, and it has no value.",
    )
    assert said("raise SystemExit('Please configure a path.')").last == "Please configure a path."


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("UndefinedValueError: MAIL not found. Declare it as envvar or define a default value.", "MAIL"),
        ('environs.exceptions.EnvError: Environment variable "MAIL" not set', "MAIL"),
        ("RuntimeError: The environment variable 'APP_SETTINGS' is not set and as such", "APP_SETTINGS"),
        ("ImproperlyConfigured: Set the MAIL environment variable", "MAIL"),
        ("ValueError: missing env var DATABASE_URL", "DATABASE_URL"),
        ("RuntimeError: set BOT_TOKEN in your environment variables (see README)", "BOT_TOKEN"),
        ("ValueError: API_KEY is too short", None),
        ("ERROR: no such environment variable", None),
        ("KeyError: 'API_KEY'", None),
    ],
)
def test_missing_variable_is_found_in_messages(text: str, name: str | None) -> None:
    assert missing_variable(text, in_environ=False) == name


def test_failing_workers_are_counted() -> None:
    words = OutputTail()
    for line in ("[2026-11-22 15:00:00 +0000] [7] [ERROR] Worker (pid:9) exited with code 1.\n", "Bye.\n"):
        words.take(line)
    assert (words.deaths, words.last) == (1, "Bye.")


def test_memory_usage_is_measured() -> None:
    """Measure a process with one child that uses 32 MiB and reports when it does."""
    child = "held = bytes(1) * (32 << 20); print(flush=True); input()"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as master:
        assert master.stdin
        assert master.stdout
        master.stdout.readline()
        found = MEASUREMENT.search(measure_memory(master.pid))
        master.stdin.close()
    assert found
    assert 1 <= int(found[1]) < 32 < int(found[2]) < 64
    assert "could not be measured" in measure_memory(master.pid)


def test_app_whose_workers_keep_failing_is_stopped() -> None:
    code = "import time\nwhile True: print('[t] [7] [ERROR] Worker (pid:9) exited with code 1', flush=True)"
    assert said(code).deaths >= 4


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Callable[[Callable[[socket.socket], None]], Path]]:
    """Start a server on a Unix socket that handles its only client this way."""
    threads = []

    def start(handle: Callable[[socket.socket], None]) -> Path:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(tmp_path / "app.sock"))
        listening.listen()

        def serve() -> None:
            with contextlib.suppress(OSError), listening, listening.accept()[0] as connection:
                connection.recv(1000)
                handle(connection)

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        return tmp_path / "app.sock"

    yield start
    for thread in threads:
        thread.join(10)


def forever(piece: bytes, pause: float = 0.0) -> Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        while True:
            connection.sendall(piece)
            time.sleep(pause)

    return handle


def test_endless_first_page_counts_as_response(answering: Callable[[Callable[[socket.socket], None]], Path]) -> None:
    def handle(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: " + bytes(100_000))
        forever(bytes(65536))(connection)

    assert _get(answering(handle), "a.example", time.monotonic() + 10) == "200"


@pytest.mark.parametrize("handle", [forever(b"H", 0.05), forever(b"H" * 65536), lambda connection: None])
def test_missing_response_ends_in_time(
    answering: Callable[[Callable[[socket.socket], None]], Path], handle: Callable[[socket.socket], None]
) -> None:
    began = time.monotonic()
    assert _get(answering(handle), "a.example", began + 0.5) == ""
    assert time.monotonic() - began < 5


def test_command_line_of_the_app_is_an_option_of_the_smoke_test() -> None:
    served = parse_arguments(["app.py", "localhost", "--workers=1", "--argument=--port", "--argument=80"])
    assert served.arguments == ("--port", "80")


def test_options_say_how_the_service_runs_the_app() -> None:
    words = ["app:app", "a.example", "--workers=3", "--threads=9", "--worker-class=gevent", "--websocket=/a"]
    assert parse_arguments(words) == ServedApp("app:app", "a.example", 3, 9, "gevent", ("/a",))
    assert parse_arguments(["app:app", "a.example"]) == ServedApp("app:app", "a.example")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", ""),
        (b"HTTP/1.1 302 Found\r\n\r\n", ""),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", ""),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "The app's WebSocket at /live/ returns status 400 instead of opening."),
        (b"", "The app's WebSocket at /live/ returns no answer instead of opening."),
    ],
)
def test_websockets_must_open(
    answering: Callable[[Callable[[socket.socket], None]], Path], answer: bytes, sentence: str
) -> None:
    path = answering(lambda connection: connection.sendall(answer))
    served = ServedApp("app:app", "a.example", websockets=("/live/?EIO=4",))
    with subprocess.Popen(["true"], text=True) as gunicorn:
        assert Trial(gunicorn, path, served, OutputTail(), 0).broken_websocket() == sentence


def test_all_workers_must_have_loaded_the_app(answering: Callable[[Callable[[socket.socket], None]], Path]) -> None:
    """Stop gunicorn if the second worker cannot get what the first one uses."""
    path = answering(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n"))
    loaded, reports = os.pipe()
    os.set_blocking(loaded, False)
    os.write(reports, b".")
    with subprocess.Popen(["sleep", "1"], text=True) as gunicorn:
        trial = Trial(gunicorn, path, ServedApp("app:app", "a.example", workers=2), OutputTail(), loaded)
        assert trial.request_first_page() == "The app exited while it was starting."
    os.close(loaded)
    os.close(reports)


def test_output_without_line_ends_is_read_in_parts(capfd: pytest.CaptureFixture[str]) -> None:
    said("import sys; sys.stdout.write('x' * 3_000_000)")
    assert capfd.readouterr().out == "x" * 3_000_000


NUMPY = """
import sys
sys.stderr.write('Traceback (most recent call last):\\n  File "a.py", line 1, in <module>\\nImportError: \\n\\n'
    'IMPORTANT: PLEASE READ THIS\\n\\nOriginal error was: libopenblas.so.0: cannot open shared object file\\n'
    '[2026-11-30 03:00:00 +0000] [7] [INFO] Worker exiting (pid: 7)\\nother words\\n')
"""


def test_message_of_several_lines_is_shown_whole() -> None:
    raised = said(NUMPY).raised
    assert raised.startswith("ImportError: IMPORTANT: PLEASE READ THIS")
    assert raised.endswith("libopenblas.so.0: cannot open shared object file")


def test_library_that_numpy_lacks_is_the_reason() -> None:
    words = OutputTail()
    for line in (
        "ImportError: libopenblas.so.0: cannot open shared object file: No such file or directory",
        "During handling of the above exception, another exception occurred:",
        "ImportError: ",
        "IMPORTANT: PLEASE READ THIS FOR ADVICE ON HOW TO SOLVE THIS ISSUE!",
    ):
        words.take(line)
    assert words.raised == "ImportError: libopenblas.so.0: cannot open shared object file: No such file or directory"
    late = OutputTail()
    late.take("ImportError: ")
    late.take("Original error was: libGL.so.1: cannot open shared object file: No such file or directory")
    assert late.raised.startswith("ImportError: Original error was: libGL.so.1: cannot open")
