"""Read the release of the operating system, and whether piwizard supports it."""

from __future__ import annotations

import shlex
from functools import cache

from piwizard.system.facts.machine_facts import OsRelease
from piwizard.system.facts.source import FactSource, LiveSource

SUPPORTED = {"12": "bookworm", "13": "trixie"}
OLD = {"8": "jessie", "9": "stretch", "10": "buster", "11": "bullseye"}
CODENAMES = {**SUPPORTED, **OLD}
ADVICE = "install Raspberry Pi OS 13 (trixie) or 12 (bookworm)"


def read_os_release(source: FactSource) -> OsRelease:
    """Read os-release.

    The 64-bit Raspberry Pi OS identifies itself as Debian there, but has an issue file of its own.
    """
    text = source.read("/etc/os-release") or source.read("/usr/lib/os-release") or ""
    return parse_os_release(text, pi_issue=source.exists("/etc/rpi-issue"))


@cache
def system_name() -> str:
    """Return the name of this system: "Debian GNU/Linux 12 (bookworm)"."""
    return read_os_release(LiveSource()).pretty


def parse_os_release(text: str, *, pi_issue: bool) -> OsRelease:
    """Parse an os-release file, and say why piwizard does not support the release."""
    said = dict(_assignments(text))
    version = said.get("VERSION_ID", "")
    system = said.get("ID", "")
    # jessie and stretch have no VERSION_CODENAME.
    codename = said.get("VERSION_CODENAME") or CODENAMES.get(version, "")
    pretty = said.get("PRETTY_NAME") or system or "an unknown system"
    return OsRelease(
        id=system,
        version=version,
        codename=codename,
        pretty=pretty,
        raspberry_pi_os=system == "raspbian" or (system == "debian" and pi_issue),
        unsupported=_unsupported(system, codename, pretty),
    )


def _unsupported(system: str, codename: str, pretty: str) -> str | None:
    if system not in {"debian", "raspbian"}:
        return f"piwizard supports Raspberry Pi OS and Debian, but this is {pretty}: {ADVICE}."
    if codename in SUPPORTED.values():
        return None
    if codename in OLD.values():
        why = "no longer gets security updates and should not face the Internet"
        return f"{pretty} {why}: {ADVICE}."
    return f"piwizard does not support {pretty} yet: {ADVICE}."


def _assignments(text: str) -> list[tuple[str, str]]:
    found = []
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if not equals or name.startswith("#"):
            continue
        try:
            found.append((name, "".join(shlex.split(value))))
        except ValueError:
            found.append((name, value.strip("\"'")))
    return found
