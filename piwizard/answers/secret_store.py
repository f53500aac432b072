"""Keep secrets in one file that only root can read."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from piwizard.errors import PiwizardError
from piwizard.system import caller_env, file_lock, files
from piwizard.system.secret_filter import Secret

VERSION = 1
"""The version of the file. Version 1 does not name it; a later version will."""
Kept = dict[str, dict[str, str]]
MACHINE = ""
"""The name under which the machine's own secrets are kept: no site can have it."""
NOT_GENERATED = "generated-when-the-run-starts"
"""What a plan has in the place of a secret that no run has generated yet."""


class SecretStore:
    """secrets.json: for each site its secrets by key ("app.env.SECRET_KEY").

    Other processes may write the file at the same time: it is read each time, and changes are merged into it.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "secrets.json"
        self._new: Kept = {}
        self._gone: set[str] = set()
        self._resolved: dict[Secret, None] = {}

    def resolve(self, site: str | None, sources: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
        """Return the secrets of a site: from their sources, else as they were kept.

        Keeps and generates nothing: a secret that is not generated yet is NOT_GENERATED. PiwizardError names the key
        of a secret that has no source and was never kept.
        """
        kept = self._all().get(site or MACHINE, {})
        found = {key: _look_up(key, source, kept.get(key)) for key, source in sources.items()}
        self._resolved |= {_secret(key, value): None for key, value in found.items() if value is not None}
        return {key: NOT_GENERATED if value is None else value for key, value in found.items()}

    def generate(self, site: str | None, sources: Mapping[str, Mapping[str, Any]]) -> None:
        """Take in the secrets of a site, and generate missing ones; `save` writes them."""
        kept = self._all().get(site or MACHINE, {})
        for key, source in sources.items():
            found = _look_up(key, source, kept.get(key))
            if found is None:
                found = secrets.token_urlsafe(source["generate"])[: source["generate"]]
            if found != kept.get(key):
                self.keep(site, key, found)

    def keep(self, site: str | None, key: str, secret: str) -> None:
        """Take a secret in; `save` writes it."""
        self._new.setdefault(site or MACHINE, {})[key] = secret

    def rename(self, site: str, new: str) -> None:
        """Copy the secrets of a site to its new name; `save` writes them."""
        for key, secret in self._all().get(site, {}).items():
            self.keep(new, key, secret)

    def forget(self, site: str) -> None:
        """Remove the secrets of a site; `save` writes that."""
        self._gone.add(site)

    def knows(self, site: str | None, key: str) -> bool:
        """Return whether there is such a secret, so that you are not asked again."""
        return key in self._all().get(site or MACHINE, {})

    def kept(self, site: str | None, key: str) -> str | None:
        """Return a secret as it is kept; None if there is none."""
        return self._all().get(site or MACHINE, {}).get(key)

    def save(self) -> None:
        """Write what was taken in since the last `save`.

        Does not touch the file where that is nothing.
        """
        if not self._new and not self._gone:
            return
        files.make_folders(self._file.parent)
        with file_lock.exclusive(self._file.parent):
            content = json.dumps(self._all(), indent=1).encode()
            if files.read(self._file) != content:
                files.replace(self._file, content, mode=0o600)
        self._new, self._gone = {}, set()

    def secrets(self) -> list[Secret]:
        """Return every secret that is kept or was resolved, to be hidden in logs."""
        kept = [_secret(key, value) for site in self._all().values() for key, value in site.items()]
        return list(dict.fromkeys((*kept, *self._resolved)))

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
            files.refuse_newer_format(self._file, kept, VERSION)
            return {str(site): dict(secrets_of_site) for site, secrets_of_site in kept.items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise PiwizardError(
                f"{self._file} cannot be read: {error}.", hint="Move it away, then enter the secrets again."
            ) from error


def _secret(key: str, value: str) -> Secret:
    return Secret(value, key.rpartition(".")[2] if key.startswith("app.env.") else "")


def _look_up(key: str, source: Mapping[str, Any], kept: str | None) -> str | None:
    """Return the secret, None where it is to be generated. What it is, is never part of an error."""
    if "generate" in source:
        return kept
    found = _fetch(key, source, kept)
    if not found.isprintable() or not found:
        raise PiwizardError(f"{key}: the secret is empty or has line breaks.", key=key)
    return found


def _fetch(key: str, source: Mapping[str, Any], kept: str | None) -> str:
    if "asked" in source:
        if not kept:
            raise PiwizardError(f"{key}: the secret is missing.", key=key, hint="Run `piwizard` to enter it.")
        return kept
    if "env" in source:
        found = caller_env.read_variable(source["env"]) or kept
        if not found:
            raise PiwizardError(
                f"{key}: the environment variable {source['env']} is not set.",
                key=key,
                hint=f"Start piwizard with {source['env']}=… in front, or export it first.",
            )
        return found
    content = files.read(Path(source["file"]))
    if content is None and kept is None:
        raise PiwizardError(f"{key}: the file {source['file']} does not exist.", key=key)
    return content.decode("utf-8", "replace").strip() if content is not None else str(kept)
