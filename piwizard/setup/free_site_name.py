"""Derive the name of a new site from its repository."""

from __future__ import annotations

import re
from collections.abc import Container

from piwizard.answers.validators import TAKEN_NAMES, Invalid, site_name
from piwizard.errors import PiwizardError

MAX_NAME = 30


def name_for(repository: str, taken: Container[str]) -> str:
    """Return a free site name after a repository: "photos" for photos.git."""
    last = repository.rstrip("/").removesuffix(".git").replace(":", "/").rpartition("/")[2].lower()
    base = re.sub(r"[^a-z0-9]+", "-", last).strip("-")[:MAX_NAME].rstrip("-")
    if not base or not base[0].isalpha():
        base = f"app-{base}".rstrip("-")
    for number in range(1, 100):
        name = base if number == 1 else f"{base}-{number}"
        if name not in taken and name not in TAKEN_NAMES and _is_valid(name):
            return name
    raise PiwizardError(f"No name is free for {repository}.", key="site.name", hint="Enter a site name.")


def _is_valid(name: str) -> bool:
    try:
        site_name(name)
    except Invalid:
        return False
    return True
