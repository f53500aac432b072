"""Smoke test: start an app as its service will, and request its first page.

Run by the app's Python as the app's user before a release takes over: `python smoke_test.py ENTRY HOST`, in the folder
and with the environment of the service; the options say how many workers and which class of them the service has. Needs
only the standard library, gunicorn, and page_facts.py, process_memory.py and start_output.py beside it. Prints the
output of gunicorn and finally one sentence; exit code 0 means that the release can take over.
"""

from __future__ import annotations

import argparse
import contextlib
import json
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
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from piwizard.apps.start_output import OutputTail

MAX_START_SECONDS = 180
"""A large app on a Pi Zero takes more than a minute to load."""
SECONDS_TO_STAY_UP = 2
MAX_SOCKET_SECONDS = 20
MAX_LINE_LENGTH, MAX_OUTPUT_LINE = 1000, 16384
LOADED_VARIABLE = "PIWIZARD_LOADED_FD"
"""Names the pipe to which gunicorn_config.py reports a worker that has loaded the app."""
UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
"""The headers that ask for a WebSocket."""
STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])\b")
MAX_WORKER_DEATHS = 4
"""Messages of gunicorn about workers that exit; it would restart them forever."""


@dataclass(frozen=True)
class ServedApp:
    """The app as its service runs it, and the URLs of WebSockets to open.

    `describe`: print the facts of the first page, too.
    """

    entry: str
    host: str
    workers: int = 1
    threads: int = 2
    worker_class: str = "gthread"
    websockets: tuple[str, ...] = ()
    stay: float = SECONDS_TO_STAY_UP
    describe: bool = False
    arguments: tuple[str, ...] = ()
    """The command line of the app."""


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
    parser.add_argument("--describe", action="store_true")
    parser.add_argument("--argument", action="append", default=[])
    given = parser.parse_args(words)
    return ServedApp(
        given.entry,
        given.host,
        given.workers,
        given.threads,
        given.worker_class,
        tuple(given.websocket),
        given.stay,
        given.describe,
        tuple(given.argument),
    )


def main(served: ServedApp) -> int:
    """Run the smoke test and return the exit code."""
    from piwizard.apps.page_facts import PAGE_LINE, read_page
    from piwizard.apps.process_memory import measure_memory
    from piwizard.apps.start_output import OutputTail

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
                [sys.executable, "-m", "gunicorn", *_options(served, listener.fileno())],
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
        page = None
        try:
            trial = Trial(gunicorn, path, served, words, loaded)
            verdict = trial.request_first_page()
            took = measure_memory(gunicorn.pid)
            broken = trial.broken_websocket() if verdict.isdigit() and int(verdict) < 500 else ""
            page = read_page(path, served.host) if served.describe else None
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
        if page is not None:
            print(f"{PAGE_LINE}{json.dumps(page.as_json())}", flush=True)
        print(f"The first page returned status {status}.", flush=True)
        return 0
    refused = f"The first page returns status {status}." if status and not broken else broken
    print(words.raised or refused or words.last or verdict, flush=True)
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
        "--",
        served.entry,
        *served.arguments,
    ]


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


def find_parts() -> None:
    """Let imports find the parts of this program in the app's Python."""
    for name in ("piwizard", "piwizard.apps"):
        package = sys.modules[name] = ModuleType(name)
        package.__path__ = [str(Path(__file__).parent)]


if __name__ == "__main__":
    find_parts()
    sys.exit(main(parse_arguments(sys.argv[1:])))
