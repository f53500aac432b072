"""Smoke test: start an app as its service will, and request its first page.

Run by the app's Python as the app's user before a release takes over: `python smoke_test.py ENTRY HOST`, in the folder
and with the environment of the service; the options say how many workers and which class of them the service has. Needs
only the standard library and gunicorn. Prints the output of gunicorn and finally one sentence; exit code 0 means that
the release can take over.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

MAX_START_SECONDS = 180
"""A large app on a Pi Zero takes more than a minute to load."""
SECONDS_TO_STAY_UP = 2
MAX_SOCKET_SECONDS = 20
MAX_MESSAGE_LENGTH = 2000
MAX_LINE_LENGTH, MAX_OUTPUT_LINE = 1000, 16384
LOADED_VARIABLE = "PIWIZARD_LOADED_FD"
"""Names the pipe to which gunicorn_config.py reports a worker that has loaded the app."""
UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
"""The headers that ask for a WebSocket."""
STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])\b")
EXCEPTION_LINE = re.compile(r"^[A-Za-z_][\w.]*(Error|Exception|Exit|Interrupt|NotFound|Missing\w*)\b.*")
GUNICORN_PREFIX = re.compile(r"\[[-\d]+ [:\d]+ [-+\d]+\] \[\d+\] \[\w+\] ")
WORKER_DIED = re.compile(r"Worker \(pid: ?\d+\) exited with code|Worker exiting \(pid")
MAX_WORKER_DEATHS = 4
"""Messages of gunicorn about workers that exit; it would restart them forever."""
MISSING_KEY = re.compile(r"KeyError: '(\w+)'")
ENVIRON_FRAME = re.compile(r'"(<frozen os>|.*/os\.py)", line \d+, in __getitem__')
MISSING_VARIABLE_PHRASES = (
    re.compile(r"([A-Za-z_]\w*) not found\. Declare it as envvar or define a default value"),  # decouple
    re.compile(r"Environment variable [\"']([A-Za-z_]\w*)[\"'] (?:is )?not set"),  # environs
    re.compile(r"The environment variable '([A-Za-z_]\w*)' is not set"),  # Flask's from_envvar
    re.compile(r"Set the ([A-Za-z_]\w*) environment variable"),  # django-environ
)
VARIABLE_WORDS = re.compile(r"(?i:environment variable|env(?:ironment)? var|\benvvar)")
CAPITAL_NAME = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")


@dataclass(frozen=True)
class ServedApp:
    """The app as its service runs it, and the URLs of WebSockets to open."""

    entry: str
    host: str
    workers: int = 1
    threads: int = 2
    worker_class: str = "gthread"
    websockets: tuple[str, ...] = ()
    stay: float = SECONDS_TO_STAY_UP


def parse_arguments(words: list[str]) -> ServedApp:
    """Return what the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("entry")
    parser.add_argument("host")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--worker-class", default="gthread")
    parser.add_argument("--websocket", action="append", default=[])
    parser.add_argument("--stay", type=float, default=SECONDS_TO_STAY_UP)
    given = parser.parse_args(words)
    return ServedApp(
        given.entry, given.host, given.workers, given.threads, given.worker_class, tuple(given.websocket), given.stay
    )


def main(served: ServedApp) -> int:
    """Run the smoke test and return the exit code."""
    began = time.monotonic()
    loaded, reports = os.pipe()
    os.set_blocking(loaded, False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trial.sock"
        # Passed as an open socket, as systemd does: the sandbox does not let gunicorn create one.
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(path))
            listener.listen(64)
            gunicorn = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", *_options(served, listener.fileno()), served.entry],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                pass_fds=[listener.fileno(), reports],
                env={**os.environ, LOADED_VARIABLE: str(reports)},
            )
        os.close(reports)
        words = OutputTail()
        reader = threading.Thread(target=echo_output, args=(gunicorn, words), daemon=True)
        reader.start()
        took = broken = ""
        try:
            trial = Trial(gunicorn, path, served, words, loaded)
            verdict = trial.request_first_page()
            took = measure_memory(gunicorn.pid)
            broken = trial.broken_websocket() if verdict.isdigit() and int(verdict) < 500 else ""
        finally:
            gunicorn.terminate()
            try:
                gunicorn.wait(30)
            except subprocess.TimeoutExpired:
                gunicorn.kill()
            reader.join(5)
            os.close(loaded)
    status = int(verdict) if verdict.isdigit() else None
    if status is not None and status < 500 and not broken:
        print(f"The smoke test took {round(time.monotonic() - began)} seconds.", flush=True)
        print(took, flush=True)
        print(f"The first page returned status {status}.", flush=True)
        return 0
    page = f"The first page returns status {status}." if status and not broken else broken
    print(words.raised or page or words.last or verdict, flush=True)
    return 1


def _options(served: ServedApp, listener: int) -> list[str]:
    from gunicorn import version_info

    control = ["--no-control-socket"] if version_info >= (25, 1) else []
    threads = [f"--threads={served.threads}"] if served.worker_class == "gthread" else []
    return [
        f"--config={Path(__file__).with_name('gunicorn_config.py')}",
        f"--bind=fd://{listener}",
        f"--workers={served.workers}",
        f"--worker-class={served.worker_class}",
        *threads,
        f"--timeout={MAX_START_SECONDS}",
        *control,
    ]


class OutputTail:
    """The output while the app starts, and the part that explains why it fails."""

    def __init__(self) -> None:
        self.raised = self.last = ""
        self.deaths = 0
        self._in_environ = self._in_message = self._message_is_below = False

    def take(self, line: str) -> None:
        """Add a line of output."""
        text = line.strip()
        if self._continues_message(line):
            self.raised = f"{self.raised} {text}".strip()[:MAX_MESSAGE_LENGTH]
            return
        self._in_message = False
        self.deaths += bool(WORKER_DIED.search(line))
        if line.lstrip().startswith("File "):
            self._in_environ = ENVIRON_FRAME.search(line) is not None
        elif EXCEPTION_LINE.match(line) and not (self.raised and text.endswith(":")):
            self.raised = _missing_variable_sentence(text, in_environ=self._in_environ)
            self._in_environ, self._in_message = False, self.raised == text
            self._message_is_below = text.endswith(":")
        elif text and not (line[0].isspace() or GUNICORN_PREFIX.match(line) or text.startswith("Traceback (")):
            self.last = _missing_variable_sentence(text, in_environ=False)

    def _continues_message(self, line: str) -> bool:
        """Return whether a line belongs to the message of an exception: numpy's begins in the next line."""
        text = line.strip()
        if not self._in_message or text.startswith(("Traceback (", "During handling of", "The above exception was")):
            return False
        if GUNICORN_PREFIX.match(line) or EXCEPTION_LINE.match(line) or WORKER_DIED.search(line):
            return False
        return self._message_is_below or line[:1].isspace()


def _missing_variable_sentence(text: str, *, in_environ: bool) -> str:
    name = missing_variable(text, in_environ=in_environ)
    return f"app.env.{name}: the code needs this environment variable, and it has no value." if name else text


def missing_variable(text: str, *, in_environ: bool) -> str | None:
    """Return the environment variable that an error message reports as missing."""
    if in_environ and (found := MISSING_KEY.search(text)):
        return found[1]
    for pattern in MISSING_VARIABLE_PHRASES:
        if found := pattern.search(text):
            return found[1]
    names = CAPITAL_NAME.findall(text) if VARIABLE_WORDS.search(text) else []
    return str(names[0]) if names else None


def echo_output(gunicorn: subprocess.Popen[str], words: OutputTail) -> None:
    """Print and keep gunicorn's output; stop it if its workers keep failing."""
    output, begins = gunicorn.stdout, True
    while output and (line := output.readline(MAX_OUTPUT_LINE)):
        print(line, end="", flush=True)
        if begins:
            words.take(line[:MAX_LINE_LENGTH])
        begins = line.endswith("\n")
        if words.deaths >= MAX_WORKER_DEATHS:
            gunicorn.terminate()


@dataclass
class Trial:
    """An app that runs under gunicorn at the socket `path`.

    Each worker that has loaded the app writes a byte to the pipe `loaded`.
    """

    gunicorn: subprocess.Popen[str]
    path: Path
    served: ServedApp
    words: OutputTail
    loaded: int
    ready: int = 0

    def request_first_page(self) -> str:
        """Return the status of the first page as digits, or why there is none.

        All workers must have loaded the app: what one process holds, another cannot take. The page is requested twice,
        since an app may exit soon after its start.
        """
        until, status = time.monotonic() + MAX_START_SECONDS, ""
        while not (status.isdigit() and self._all_loaded()):
            if self.gunicorn.poll() is not None or self.words.deaths >= MAX_WORKER_DEATHS:
                return _why_no_answer(self.gunicorn) or "The app exited while it was starting."
            if time.monotonic() > until:
                return f"The app did not respond within {MAX_START_SECONDS} seconds."
            time.sleep(0.05)
            status = status or _get(self.path, self.served.host, until)
        try:
            self.gunicorn.wait(self.served.stay)
        except subprocess.TimeoutExpired:
            return (
                _get(self.path, self.served.host, time.monotonic() + MAX_START_SECONDS)
                or "The app responded once and then stopped responding."
            )
        return _why_no_answer(self.gunicorn) or "The app responded once and then exited."

    def _all_loaded(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            self.ready += len(os.read(self.loaded, 100))
        return self.ready >= self.served.workers

    def broken_websocket(self) -> str:
        """Return what is wrong with the app's WebSockets; "" if nothing is.

        A status that asks for a sign-in, or that denies the URL, does not speak against them.
        """
        for url in self.served.websockets:
            status = _get(self.path, self.served.host, time.monotonic() + MAX_SOCKET_SECONDS, url, UPGRADE)
            if not status or status == "400" or status >= "500":
                said = f"status {status}" if status else "no answer"
                return f"The app's WebSocket at {url.partition('?')[0]} returns {said} instead of opening."
        return ""


def _why_no_answer(gunicorn: subprocess.Popen[str]) -> str:
    """Return what is wrong if gunicorn exited without an error; "" otherwise."""
    if gunicorn.returncode != 0 or not Path("gunicorn.conf.py").exists():
        return ""
    return "gunicorn went into the background: remove `daemon` from gunicorn.conf.py."


def measure_memory(master: int) -> str:
    """Return how much memory master and worker use; shared pages count half for each."""
    try:
        own, each = _memory_share(master), [_memory_share(worker) for worker in _child_processes(master)]
    except (OSError, ValueError, StopIteration) as error:  # it has just exited, or the kernel has no such numbers
        return f"The memory usage could not be measured: {type(error).__name__}."
    return f"Memory after loading: {own} MB, plus {max(each, default=0)} MB per worker."


def _child_processes(process: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text(errors="replace")
        except OSError:  # it has exited meanwhile
            continue
        if stat.rpartition(")")[2].split()[1] == str(process):
            found.append(int(folder.name))
    return found


def _memory_share(process: int) -> int:
    """Return the MiB of a process, with its part of shared memory."""
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return -(-int(next(line.split()[1] for line in rollup if line.startswith("Pss:"))) // 1024)


def _get(path: Path, host: str, until: float, url: str = "/", headers: str = "Connection: close\r\n") -> str:
    """Return the status of a page; "" if there is none in time.

    Only the first line is read: the rest may be endless.
    """
    line = b""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(max(0.1, until - time.monotonic()))
            connection.connect(str(path))
            connection.sendall(f"GET {url} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n".encode())
            while b"\n" not in line and len(line) < MAX_LINE_LENGTH and time.monotonic() < until:
                connection.settimeout(max(0.1, until - time.monotonic()))
                piece = connection.recv(MAX_LINE_LENGTH)
                if not piece:
                    break
                line += piece
    except OSError:
        return ""
    status = STATUS_LINE.match(line)
    return status[1].decode() if status else ""


if __name__ == "__main__":
    sys.exit(main(parse_arguments(sys.argv[1:])))
