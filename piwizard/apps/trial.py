"""Starts an app under gunicorn on a spare socket, asks for its first page, and ends it again.

Run by the app's own Python as the app's own user, before a release is switched to: `python trial.py ENTRY HOST`, in
the folder and with the environment that the service will have. Needs the standard library and gunicorn alone. Prints
gunicorn's lines as they come and, last, one sentence; the exit code is 0 where the app can be switched to.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from http.client import HTTPException, HTTPResponse
from pathlib import Path

LONGEST_START = 180
"""Seconds: a large app on a Pi Zero takes more than a minute to load."""
STAYS_UP = 2
RAISED = re.compile(r"^[A-Za-z_][\w.]*(Error|Exception|Exit|Interrupt|NotFound|Missing\w*)\b.*")
MISSING = re.compile(r"KeyError: '(\w+)'")
ENVIRON = re.compile(r'"(<frozen os>|.*/os\.py)", line \d+, in __getitem__')


def main(entry: str, host: str) -> int:
    """The trial; returns the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trial.sock"
        gunicorn = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *_options(path), entry],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        raised: list[str] = []
        reader = threading.Thread(target=echo, args=(gunicorn, raised), daemon=True)
        reader.start()
        try:
            verdict = _ask(gunicorn, path, host)
        finally:
            gunicorn.terminate()
            try:
                gunicorn.wait(30)
            except subprocess.TimeoutExpired:
                gunicorn.kill()
            reader.join(5)
    status = int(verdict) if verdict.isdigit() else None
    if status is not None and status < 500:
        print(f"The first page answered {status}.", flush=True)
        return 0
    print(raised[-1] if raised else f"Its first page answers {status}." if status else verdict, flush=True)
    return 1


def _options(path: Path) -> list[str]:
    from gunicorn import version_info

    control = ["--no-control-socket"] if version_info >= (25, 1) else []
    return [f"--bind=unix:{path}", "--workers=1", "--threads=2", "--worker-class=gthread", *control]


def echo(gunicorn: subprocess.Popen[str], raised: list[str]) -> None:
    """Passes gunicorn's lines on, and notes what was raised in the words of a person."""
    in_environ = False
    for line in gunicorn.stdout or ():
        print(line, end="", flush=True)
        if RAISED.match(line):
            name = MISSING.fullmatch(line.strip()) if in_environ else None
            raised.append(f"Its code needs the environment variable {name[1]}." if name else line.strip())
        if line.lstrip().startswith("File "):
            in_environ = ENVIRON.search(line) is not None


def _ask(gunicorn: subprocess.Popen[str], path: Path, host: str) -> str:
    """The status of the first page as digits, or why there is none. Asked twice: an app may die after its start."""
    until, status = time.monotonic() + LONGEST_START, ""
    while not status.isdigit():
        if gunicorn.poll() is not None:
            return "It ended while it was starting."
        if time.monotonic() > until:
            return f"It did not answer within {LONGEST_START} seconds."
        time.sleep(0.05)
        status = _get(path, host)
    try:
        gunicorn.wait(STAYS_UP)
    except subprocess.TimeoutExpired:
        return _get(path, host) or "It answered once, and then no more."
    return "It answered once, and then ended."


def _get(path: Path, host: str) -> str:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(LONGEST_START)
            connection.connect(str(path))
            connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            response = HTTPResponse(connection)
            response.begin()
            return str(response.status)
    except (OSError, HTTPException):
        return ""


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
