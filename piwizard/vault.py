"""Secrets: taken from where the answers say, kept in one file that only root reads."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from piwizard.errors import PiwizardError
from piwizard.machine import files


class Vault:
    """secrets.json: for each site its secrets by key ("app.env.SECRET_KEY")."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "secrets.json"
        self._kept: dict[str, dict[str, str]] = self._load()

    def resolve(self, site: str, sources: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
        """The secrets of a site: asked anew from their sources where those are there, else as they were kept.

        PiwizardError names the key of one that is to be had nowhere. Nothing is written before `save`.
        """
        kept = self._kept.setdefault(site, {})
        for key, source in sources.items():
            found = self._ask(key, source, kept.get(key))
            if not found.isprintable() or not found:
                raise PiwizardError(f"{key}: the secret is empty, or holds line breaks.", key=key)
            kept[key] = found
        return {key: kept[key] for key in sources}

    def save(self) -> None:
        """Keeps what has been resolved, for the run and for the years after."""
        content = json.dumps(self._kept, indent=1).encode()
        if files.read(self._file) != content:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            files.replace(self._file, content, mode=0o600)

    def values(self) -> list[str]:
        """Every secret there is, so that a recorder can keep them out of a record."""
        return [secret for site in self._kept.values() for secret in site.values()]

    def _load(self) -> dict[str, dict[str, str]]:
        content = files.read(self._file)
        if content is None:
            return {}
        try:
            return dict(json.loads(content))
        except ValueError as error:
            raise PiwizardError(
                f"{self._file} cannot be read: {error}.", hint="Move it away and give the secrets again."
            ) from error

    @staticmethod
    def _ask(key: str, source: Mapping[str, Any], kept: str | None) -> str:
        if "generate" in source:
            return kept or secrets.token_urlsafe(source["generate"])[: source["generate"]]
        if "env" in source:
            found = os.environ.get(source["env"]) or kept
            if not found:
                raise PiwizardError(
                    f"{key}: the environment variable {source['env']} is not set.",
                    key=key,
                    hint=f"Start piwizard with {source['env']}=… in front, or export it first.",
                )
            return found
        content = files.read(Path(source["file"]))
        if content is None and kept is None:
            raise PiwizardError(f"{key}: there is no file {source['file']}.", key=key)
        return content.decode("utf-8", "replace").strip() if content is not None else str(kept)
