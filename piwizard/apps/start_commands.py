"""Find how a repository starts its app: Procfile, Dockerfile, .flaskenv …"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from piwizard.apps.lockfiles import as_table, read_toml
from piwizard.apps.modules import join_path, parent_folder
from piwizard.apps.repository_checkout import RepositoryCheckout
from piwizard.apps.uwsgi_files import UwsgiFile, find_uwsgi_files
from piwizard.system.lazy_dataclass import dataclass

START_FILES = (
    "Procfile", "gunicorn.conf.py", "boot.sh", "entrypoint.sh", "docker-entrypoint.sh", "start.sh", "run.sh",
    "Dockerfile", "docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml", "render.yaml",
    "app.yaml", "railway.json", "nixpacks.toml", "fly.toml", "Makefile",
)  # fmt: skip
ENV_FILES = (".flaskenv", ".env", ".env.example", ".env.sample", ".env.template", "env.example")
SERVER_PROGRAMS = re.compile(r"\b(gunicorn|waitress-serve|uwsgi|hupper)\b")
ENTRY_WORD = re.compile(r"[A-Za-z_][\w.-]*:[A-Za-z_]\w*(\(.*\))?")
UWSGI_ENTRY = re.compile(r"[\w.-]+:[A-Za-z_]\w*(\(.*\))?")
MODULE_WORD = re.compile(r"[A-Za-z_][\w.]*")
FLASK_APP = re.compile(r"\bFLASK_APP[ \t]{0,4}[=:]?[ \t]{0,4}[\"']?([\w./\\:()-]+)")
FLASK_OPTION = re.compile(r"\bflask\s+(?:--app|-A)[ =][\"']?([\w./:()-]+)")
MAX_LINE_LENGTH = 2000
MAX_LINES = 2000
MAX_FOLDERS = 200


@dataclass(frozen=True)
class StartCommand:
    """An entry that a file names. It may be a module without a name, or a path."""

    entry: str
    file: str
    line: int
    chdir: str = ""
    server: bool = False


def find_start_commands(checkout: RepositoryCheckout) -> list[StartCommand]:
    """Return the entries in start-up files, FLASK_APP and [tool.*], unchanged."""
    hints: list[StartCommand] = []
    for file in START_FILES:
        for number, line in numbered_lines(checkout, file):
            hints += parse_server_command(line, file, number)
            hints += parse_flask_command(line, file, number)
    for file in (*unit_files(checkout), *supervisor_files(checkout)):
        for number, line in numbered_lines(checkout, file):
            hints += parse_server_command(line, file, number)
    for one in find_uwsgi_files(checkout):
        entry, number = one.entry
        if UWSGI_ENTRY.fullmatch(entry):
            hints.append(StartCommand(entry, one.file, number, _uwsgi_folder(checkout, one), server=True))
    for file in ENV_FILES:
        for number, line in numbered_lines(checkout, file):
            hints += parse_flask_command(line, file, number)
    for text in tool_commands(checkout):
        hints += [*parse_server_command(text, "pyproject.toml", 1), *parse_flask_command(text, "pyproject.toml", 1)]
    return list(dict.fromkeys(hints))


def unit_files(checkout: RepositoryCheckout) -> tuple[str, ...]:
    """Return the systemd units of a checkout, two levels deep."""
    return files_ending(checkout, ".service")


def supervisor_files(checkout: RepositoryCheckout) -> tuple[str, ...]:
    """Return the files of a checkout that may be supervisord's, two levels deep."""
    return tuple(file for file in files_ending(checkout, ".conf") if "[program:" in checkout.text(file))


def files_ending(checkout: RepositoryCheckout, ending: str) -> tuple[str, ...]:
    """Return the files of a checkout whose names end so, two levels deep."""
    folders, found = [""], []
    for folder in folders:
        for name in checkout.names(folder):
            path = join_path(folder, name)
            if name.endswith(ending) and checkout.is_file(path):
                found.append(path)
            elif path.count("/") < 2 and len(folders) < MAX_FOLDERS and not name.startswith(".") and "." not in name:
                folders += [path] if checkout.is_dir(path) else []
    return tuple(found)


def numbered_lines(checkout: RepositoryCheckout, file: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text file with their numbers, without comments."""
    if not checkout.is_file(file):
        return
    for number, line in enumerate(checkout.text(file).splitlines()[:MAX_LINES], 1):
        if not line.lstrip().startswith("#") and len(line) <= MAX_LINE_LENGTH:
            yield number, line


def parse_server_command(line: str, file: str, number: int) -> list[StartCommand]:
    """Return the entries in a command line of gunicorn, waitress or uwsgi."""
    if file == "gunicorn.conf.py":
        found = re.match(r"\s*wsgi_app\s*=\s*[\"']?([\w.-]+:\w+)", line)
        return [StartCommand(found[1], file, number, server=True)] if found else []
    start = SERVER_PROGRAMS.search(line)
    if not start:
        return []
    words = _words(line[start.start() :], listed="[" in line)
    entry = next((word for word in words[1:] if ENTRY_WORD.fullmatch(word)), "")
    if not entry and start[1] == "gunicorn" and file == "Procfile" and words and "." in words[-1]:
        entry = f"{words[-1]}:application" if MODULE_WORD.fullmatch(words[-1]) else ""
    if not entry:
        return []
    if "--call" in words and not entry.endswith(")"):
        entry += "()"
    before = re.search(r"\bcd\s+([\w./-]+)\s*(?:&&|;)", line[: start.start()])
    return [StartCommand(entry, file, number, _chdir(words) or (before[1].strip("./") if before else ""), server=True)]


def parse_flask_command(line: str, file: str, number: int) -> list[StartCommand]:
    """Return the entries in FLASK_APP=… or `flask --app …`."""
    found = [match[1] for pattern in (FLASK_APP, FLASK_OPTION) for match in pattern.finditer(line)]
    return [StartCommand(entry.removeprefix("./"), file, number) for entry in found]


def tool_commands(checkout: RepositoryCheckout) -> Iterator[str]:
    """Yield the texts in [tool.*] of pyproject.toml that may be command lines.

    Values of keys named FLASK_APP are yielded with their key.
    """
    waiting: list[object] = [as_table(read_toml(checkout, "pyproject.toml").get("tool"))]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            for key, value in item.items():
                waiting.append(f"FLASK_APP={value}" if key == "FLASK_APP" and isinstance(value, str) else value)
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, str) and len(item) <= MAX_LINE_LENGTH:
            yield item


def _words(text: str, *, listed: bool) -> list[str]:
    plain = re.sub(r'[\[\],"]', " ", text) if listed else text
    try:
        return shlex.split(plain)
    except ValueError:
        return plain.split()


def _chdir(words: list[str]) -> str:
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word.startswith("--chdir="):
            return word.removeprefix("--chdir=").strip("./")
        if word in {"--chdir", "--pythonpath"}:
            return following.strip("./")
    return ""


def _uwsgi_folder(checkout: RepositoryCheckout, one: UwsgiFile) -> str:
    """Return the folder of the checkout that a uWSGI file starts the app in."""
    parts = [part for part in one.value("chdir", "pythonpath")[0].split("/") if part not in ("", ".", "..")]
    tails = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((tail for tail in tails if checkout.is_dir(tail)), parent_folder(one.file))
