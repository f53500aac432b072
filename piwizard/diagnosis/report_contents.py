"""Collect the contents of the report: versions, state, logs and settings.

No file with secrets is among them.
"""

from __future__ import annotations

import json
import platform
import pwd
import stat
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import tomlkit

from piwizard import __version__
from piwizard.answers.model import AnswersFile
from piwizard.engine import run_launch, run_log
from piwizard.engine.backups import journaled
from piwizard.engine.journal_entries import is_written
from piwizard.engine.undo_journal import Journal
from piwizard.errors import PiwizardError
from piwizard.setup import workspace
from piwizard.setup.planner import Planner
from piwizard.setup.status import status, without_answers
from piwizard.system import commands, dpkg, files, paths, printable

PACKAGES = frozenset(
    (
        *("certbot", "ddclient", "dhcpcd5", "git", "libssl3", "libssl3t64", "miniupnpc", "netplan.io"),
        *("network-manager", "nginx", "noip-duc", "openssl", "python3", "systemd", "ufw"),
    )
)
UNITS = ("nginx", "certbot", "ddclient", "noip-duc", "piwizard-*")
MAX_RUNS = 8
MAX_TEXT_CHARACTERS = 400_000
"""Of a longer text, only the end is included."""
JOURNAL_LINES = "400"
FIRST_USER_ID = 1000
"""Users with smaller IDs belong to the system."""


def gather() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each file. An unreadable one says why."""
    planner, state = workspace.planner(None), workspace.state()
    yield "versions.txt", _versions()
    yield "facts.json", json.dumps(planner.context.facts.as_json(), indent=1, default=str)
    yield "status.json", _status(planner)
    for name in ("state.json", "attempts.json", "watch.json", "ddns.json"):
        if content := files.read(paths.state_dir() / name):
            yield f"state/{name}", content.decode("utf-8", "replace")
    if content := files.read(paths.answers_file()):
        yield "answers.toml", _answers(content)
    runs = [run for run in run_log.runs() if run in {*run_log.runs()[-MAX_RUNS:], *state.runs()}]
    for run in runs:
        text = "\n".join(printable.json_text(event) for event in run_log.read(run_launch.folder(run)))
        yield f"runs/{run}.jsonl", _end(text)
    if content := files.read(paths.logs_dir() / "unforeseen.txt"):
        yield "unforeseen.txt", content.decode("utf-8", "replace")
    for path in _written():
        yield f"files{path}", _configuration(path)
    sites = planner.answers.sites
    units = [*UNITS, *sites, *(f"{site}-*.service" for site in sites)]
    journal = ("journalctl", "--no-pager", "--lines", JOURNAL_LINES, "--output=short-iso-precise")
    yield "journal.txt", _end(_output((*journal, *(word for unit in units for word in ("--unit", unit)))))


def known_names(answers: AnswersFile, hostname: str) -> dict[str, str]:
    """Return the names that identify the user, each with its kind."""
    found: dict[str, str] = {}
    for values in (answers.machine, *answers.sites.values()):
        names = [*values.get("site.domains", ()), values.get("ddns.hostname")]
        found |= {name.removeprefix("www."): "name" for name in names if name}
        found |= {login: "login" for key in ("ddns.username", "app.token_user") if (login := values.get(key))}
        if mail := values.get("tls.email"):
            found[mail] = "mail"
        found |= dict.fromkeys(_repository(values.get("app.repo")), "repository")
    if hostname not in ("", "localhost", "raspberrypi"):
        found[hostname] = "host"
    people = [one for one in pwd.getpwall() if FIRST_USER_ID <= one.pw_uid < 65000]
    found |= {one.pw_name: "login" for one in people}
    found |= {full: "person" for one in people if len(full := one.pw_gecos.partition(",")[0].strip()) > 2}
    return found


def _repository(repo: str | None) -> set[str]:
    """Return the path of a repository on its server, which shows its owner."""
    if not repo:
        return set()
    _, _, rest = repo.partition("://")
    path = rest.partition("/")[2] if rest else repo.partition(":")[2] or repo
    bare = path.strip("/").removesuffix(".git")
    return {bare} if len(bare) > 2 else set()


def _answers(content: bytes) -> str:
    """Return the answers without comments, which may be old secrets, and without the app's settings."""
    try:
        answers = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return f"(skipped because it cannot be read: {error})"
    for site in (answers, *_tables(answers.get("sites")).values()):
        env = _tables(_tables(_tables(site).get("app")).get("env"))
        for name, value in env.items():
            if not isinstance(value, dict):
                env[name] = {"not_shown": True}
    return tomlkit.dumps(answers)


def _tables(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _versions() -> str:
    there = dpkg.installed_versions()
    lines = [f"piwizard {__version__}", f"Python {platform.python_version()}", f"Linux {platform.release()}"]
    lines += [(files.read(Path("/etc/os-release")) or b"").decode("utf-8", "replace").partition("\n")[0]]
    return "\n".join([*lines, *(f"{name} {there[name]}" for name in sorted(PACKAGES & there.keys()))])


def _status(planner: Planner) -> str:
    try:
        found = status(planner, workspace.state(), workspace.backups())
        found += without_answers(planner, workspace.state(), workspace.backups())
    except PiwizardError as error:
        return error.sentence
    return json.dumps([one.as_json() for one in found], indent=1)


def _written() -> Iterable[Path]:
    """Return the files that piwizard has written or edited."""
    backups = workspace.backups_dir()
    targets = {
        entry["target"]
        for step, site in journaled(backups)
        for entry in Journal(backups, step, site).entries()
        if is_written(entry)
    }
    return [Path(target) for target in sorted(targets)]


def _configuration(path: Path) -> str:
    """Return a file's text if every user can read it: other files may contain secrets."""
    try:
        info = path.lstat()
        if not stat.S_ISREG(info.st_mode):
            return "(not a file)"
        if not info.st_mode & stat.S_IROTH:
            return f"(skipped: {info.st_size} bytes that not every user can read)"
        return _end(path.read_bytes().decode("utf-8", "replace"))
    except OSError as error:
        return f"({error.strerror})"


def _output(argv: tuple[str, ...]) -> str:
    result = commands.run(argv, timeout=60)
    return result.output or result.errors


def _end(text: str) -> str:
    return text if len(text) <= MAX_TEXT_CHARACTERS else f"(the beginning is cut off)\n{text[-MAX_TEXT_CHARACTERS:]}"
