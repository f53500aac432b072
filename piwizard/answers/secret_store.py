"""Secrets: taken from where the answers say, kept in one file that only root reads."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from piwizard.errors import PiwizardError
from piwizard.system import caller_env, file_format, file_lock, files
from piwizard.system.secret_filter import Secret

VERSION = 1
"""The file does not say it; one of another form will."""
Kept = dict[str, dict[str, str]]
MACHINE = ""
"""The name under which the machine's own secrets are kept: no site can be called so."""


class Vault:
    """secrets.json: for each site its secrets by key ("app.env.SECRET_KEY").

    Others may write the file meanwhile: it is looked at anew each time, and what this one adds is added to it.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "secrets.json"
        self._new: Kept = {}
        self._gone: set[str] = set()

    def resolve(self, site: str | None, sources: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
        """The secrets of a site: asked anew from their sources where those are there, else as they were kept.

        PiwizardError names the key of one that is to be had nowhere. Nothing is written before `save`.
        """
        kept = self._all().get(site or MACHINE, {})
        for key, source in sources.items():
            found = self._ask(key, source, kept.get(key))
            if not found.isprintable() or not found:
                raise PiwizardError(f"{key}: the secret is empty, or holds line breaks.", key=key)
            if found != kept.get(key):
                self.keep(site, key, found)
                kept[key] = found
        return {key: kept[key] for key in sources}

    def keep(self, site: str | None, key: str, secret: str) -> None:
        """Takes a secret in; `save` writes it."""
        self._new.setdefault(site or MACHINE, {})[key] = secret

    def rename(self, site: str, new: str) -> None:
        """Keeps the secrets of a site under its new name too; `save` writes it."""
        for key, secret in self._all().get(site, {}).items():
            self.keep(new, key, secret)

    def forget(self, site: str) -> None:
        """The site is no more, and so are its secrets; `save` writes that."""
        self._gone.add(site)

    def knows(self, site: str | None, key: str) -> bool:
        """Whether there is such a secret, so that nobody needs to be asked again."""
        return key in self._all().get(site or MACHINE, {})

    def save(self) -> None:
        """Keeps what has been resolved, for the run and for the years after."""
        if not self._new and not self._gone:
            return
        files.make_folders(self._file.parent)
        with file_lock.exclusive(self._file.parent):
            content = json.dumps(self._all(), indent=1).encode()
            if files.read(self._file) != content:
                files.replace(self._file, content, mode=0o600)
        self._new, self._gone = {}, set()

    def secrets(self) -> list[Secret]:
        """Every secret there is, so that they can be kept out of records and reports."""
        kept = [item for site in self._all().values() for item in site.items()]
        return [Secret(value, key.rpartition(".")[2] if key.startswith("app.env.") else "") for key, value in kept]

    def _all(self) -> Kept:
        kept = self._load()
        for site, secrets_of_site in self._new.items():
            kept.setdefault(site, {}).update(secrets_of_site)
        return {site: secrets_of_site for site, secrets_of_site in kept.items() if site not in self._gone}

    def _load(self) -> Kept:
        content = files.read(self._file)
        if content is None:
            return {}
        try:
            kept = json.loads(content)
            file_format.refuse_newer(self._file, kept, VERSION)
            return {str(site): dict(secrets_of_site) for site, secrets_of_site in kept.items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise PiwizardError(
                f"{self._file} cannot be read: {error}.", hint="Move it away and give the secrets again."
            ) from error

    @staticmethod
    def _ask(key: str, source: Mapping[str, Any], kept: str | None) -> str:
        if "generate" in source:
            return kept or secrets.token_urlsafe(source["generate"])[: source["generate"]]
        if "asked" in source:
            if not kept:
                raise PiwizardError(f"{key}: the secret was not given yet.", key=key, hint="`piwizard` asks for it.")
            return kept
        if "env" in source:
            found = caller_env.variable(source["env"]) or kept
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
