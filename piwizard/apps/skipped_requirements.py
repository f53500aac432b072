"""Ask for consent to skip lines of a requirements file that pip cannot install."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from piwizard.errors import Consent, ConsentMissing

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig

KEY = "app.skip_requirements"


def require_usable_list(app: AppConfig) -> None:
    """Raise ConsentMissing if the list has unusable lines that are not to be skipped."""
    wanted = app.requirements
    if wanted is None or not wanted.unusable:
        return
    given = tuple(app.answers.get(KEY, ()))
    lines = wanted.unusable
    named = "; ".join(f"{one.text} (line {one.line}): {one.reason}" for one in lines)
    answer = json.dumps(list(dict.fromkeys((*given, *(one.name for one in lines)))), ensure_ascii=False)
    it, there = ("it", "a line") if len(lines) == 1 else ("them", f"{len(lines)} lines")
    raise ConsentMissing(
        f"{wanted.file} has {there} that pip cannot install on this Pi: {named}.",
        key=KEY,
        hint=f"Change the file, or skip {it} with this line under [app] of the answers: skip_requirements = {answer}",
        site=app.layout.site,
        given=given,
        consents=tuple(
            Consent(f"Skip {one.text} ({one.file}, line {one.line})? Reason: {one.reason}.", one.name) for one in lines
        ),
    )


def requirement_notices(app: AppConfig) -> list[str]:
    """Return what the installation changes about the app's own list."""
    wanted = app.requirements
    if wanted is None:
        return []
    found = []
    if wanted.old_gunicorn:
        found.append(
            f"{wanted.file} asks for gunicorn{wanted.gunicorn}, which is too old. The environment gets a current one."
        )
    if unknown := [one for one in app.answers.get(KEY, ()) if one not in wanted.skipped]:
        found.append(f"{KEY} names {', '.join(unknown)}, and {wanted.file} has no such line.")
    return found
