"""Set up a Pi from an answers file with `piwizard apply`, and inspect the result."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from piwizard.setup.status import FOLLOWS, WAITS
from piwizard.system.commands import Result
from tests.lab import sample_app
from tests.lab.board import Board
from tests.lab.pi import Pi

ANSWERS = "/root/answers.toml"
HOST = "songuuli2020.ddns.net"
NEVER_SERVED = (
    "/app.py",
    "/.git/config",
    "/.env",
    "/requirements.txt",
    "/result.json",
    "/static../app.py",
    "/static/../app.py",
    "/static/%2e%2e/app.py",
    "/app.env",
    "/../../app.env",
)
OURS = ("etc", "srv", "usr/local", "var/lib/piwizard")


def apply(pi: Pi, *options: str, check: bool = True) -> Result:
    """Run `piwizard apply` as root, without a terminal."""
    return pi.run(("piwizard", "apply", *options), check=check)


def set_up(pi: Pi, repo: str, **answers: str) -> Result:
    """Run the whole setup from an answers file."""
    pi.write(ANSWERS, sample_app.answers(repo, **answers))
    return apply(pi, "--answers", ANSWERS)


def said(result: Result) -> dict[str, Any]:
    """Return the JSON that a command printed."""
    return dict(json.loads(result.output))


def states(pi: Board) -> dict[str, str]:
    """Return each step's state from `status --json`, if it waits for no answers."""
    steps = said(pi.run(("piwizard", "status", "--json")))["steps"]
    return {one["step"]: one["state"] for one in steps if not one["summary"].startswith((WAITS, FOLLOWS))}


def events(pi: Pi) -> list[dict[str, Any]]:
    """Return the events of the last run."""
    lines = pi.run(("piwizard", "logs", "--json")).output.splitlines()
    return [json.loads(line) for line in lines]


def manifest(root: Path, folders: Iterable[str] = OURS) -> dict[str, tuple[object, ...]]:
    """Return every file below some folders with its metadata and content."""
    found: dict[str, tuple[object, ...]] = {}
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if "__pycache__" in path.parts:
                continue
            info = path.lstat()
            kind = stat.S_IFMT(info.st_mode)
            content = ""
            if stat.S_ISREG(info.st_mode):
                content = hashlib.sha256(path.read_bytes()).hexdigest()
            elif stat.S_ISLNK(info.st_mode):
                content = str(path.readlink())
            changed = 0 if stat.S_ISDIR(info.st_mode) else info.st_mtime_ns
            found[str(path.relative_to(root))] = (kind, info.st_mode, info.st_uid, info.st_gid, changed, content)
    return found


def serves(pi: Board, host: str = HOST) -> None:
    """Assert what a visitor on the LAN must get, and must not get."""
    page = pi.http("/", host=host)
    assert (page.status, page.text) == (200, 'It works. Hello $you "there" 100%')
    assert pi.http("/chart.png", host=host).body == b"drawn by the app"
    assert pi.http("/feed.rss", host=host).text == "<rss/>"
    style = pi.http("/static/style.css", host=host, headers={"Accept-Encoding": "gzip"})
    assert (style.status, style.headers["content-encoding"]) == (200, "gzip")
    assert style.headers["server"] == "nginx"
    assert pi.http("/robots.txt", host=host).text == "User-agent: *\n"
    for path in NEVER_SERVED:
        answer = pi.http(path, host=host)
        assert answer.status in (400, 403, 404), f"{path}: {answer.status}"
        assert b"not-for-you" not in answer.body
