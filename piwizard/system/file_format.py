"""Files of piwizard's own that a newer piwizard has written: said plainly, and left as they are."""

from __future__ import annotations

from pathlib import Path

from piwizard.errors import PiwizardError


def refuse_newer(path: Path, whole: object, known: int) -> None:
    """PiwizardError where a file says of itself that its format is newer than the `known` one."""
    version = whole.get("version") if isinstance(whole, dict) else None
    if isinstance(version, int) and version > known:
        raise PiwizardError(
            f"{path} was written by a newer piwizard, and is left as it is.",
            hint="Start install.sh of the newer piwizard again: it alone can go on from here.",
        )
