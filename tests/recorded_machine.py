"""A recorded machine to detect facts on: answers what `piwizard.system.facts` asks from the files of a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class RecordedSource:
    """A machine kept in a folder: `root/` holds its files; `machine.json` what files can't say.

    machine.json: `machine`, `root`, `clock_error`, `links` {path: target}, `present` [empty folders],
    `space` {path: [bytes, bytes free]}, `denied` [what an ordinary user can't read: the beginnings of paths];
    `ip-addr.json`: what `ip -j addr` printed. Whatever is left out counts as absent.
    """

    def __init__(self, folder: Path) -> None:
        self._root = folder / "root"
        self._said: dict[str, Any] = json.loads((folder / "machine.json").read_text())
        self._links: dict[str, str] = self._said.get("links", {})
        recorded = folder / "ip-addr.json"
        self._addresses: list[dict[str, Any]] | None = None
        if recorded.exists():
            self._addresses = json.loads(recorded.read_text())

    def _path(self, path: str) -> Path:
        return self._root / path.lstrip("/")

    def _denied(self, path: str) -> bool:
        return any(path.startswith(denied) for denied in self._said.get("denied", []))

    def read(self, path: str) -> str | None:
        file = self._path(path)
        return None if self._denied(path) or not file.is_file() else file.read_text()

    def listdir(self, path: str) -> list[str] | None:
        if self._denied(path):
            return None
        inside = path.rstrip("/") + "/"
        names = {link[len(inside) :].split("/")[0] for link in self._links if link.startswith(inside)}
        folder = self._path(path)
        if folder.is_dir():
            names.update(entry.name for entry in folder.iterdir())
        elif not names:
            return None
        return sorted(names)

    def link(self, path: str) -> str | None:
        return None if self._denied(path) else self._links.get(path)

    def exists(self, path: str) -> bool:
        return path in self._said.get("present", []) or self._path(path).exists() or bool(self.listdir(path))

    def space(self, path: str) -> tuple[int, int] | None:
        found = self._said.get("space", {}).get(path)
        return None if found is None else (found[0], found[1])

    def free_files(self, path: str) -> int | None:
        found: int | None = self._said.get("free_files", {}).get(path)
        return found

    def addresses(self) -> list[dict[str, Any]] | None:
        return self._addresses

    def clock_error(self) -> int | None:
        error: int | None = self._said.get("clock_error")
        return error

    def machine(self) -> str:
        return str(self._said["machine"])

    def root(self) -> bool:
        return bool(self._said.get("root", True))
