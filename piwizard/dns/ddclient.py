"""ddclient, Debian's client: its settings as its version reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from piwizard.dns.ddns_account import Account
from piwizard.errors import PiwizardError
from piwizard.system import files
from piwizard.templates.render import render

Version = tuple[int, ...]
SERVICE = "ddclient.service"
DEFAULTS = Path("/etc/default/ddclient")
CACHE = Path("/var/cache/ddclient/ddclient.cache")
BY_RELEASE: dict[int, Version] = {11: (3, 9, 1), 12: (3, 10, 0), 13: (3, 11, 2)}
"""What each Debian comes with; later ones have 4.0 or more."""
NEWEST: Version = (4, 0, 0)
GOOD, UNHEARD = "good", "noconnect"
"""Its words for an update that was accepted, and for one that reached nobody."""
WHAT_IS_MY_ADDRESS = "https://api.ipify.org/"
KNOWS_BOTH = {
    (3, 10): {"cloudflare", "freedns"},
    (3, 11): {"cloudflare", "freedns", "duckdns", "dyndns2"},
    (4, 0): {"cloudflare", "freedns", "duckdns", "dyndns2", "noip"},
}
"""From which version on a protocol takes IPv4 and IPv6 apart. Told the new way before, it would update for ever."""


def version_for(installed: str | None, debian: int | None) -> Version:
    """The version that is there, or will come with the package."""
    if installed and (found := re.match(r"\d+(\.\d+)*", installed)):
        return tuple(int(part) for part in found[0].split("."))
    return BY_RELEASE.get(debian or 0, NEWEST)


def settings_path(version: Version) -> Path:
    """Where it looks for its settings."""
    return Path("/etc/ddclient/ddclient.conf" if version >= (4, 0) else "/etc/ddclient.conf")


def packages(version: Version) -> tuple[str, ...]:
    """What it needs to speak https: later versions bring curl along by themselves."""
    return ("ddclient",) if version >= (3, 11) else ("ddclient", "libio-socket-ssl-perl")


def takes_both(account: Account, version: Version) -> bool:
    """Whether this version takes IPv4 and IPv6 apart for this provider."""
    known = [protocols for since, protocols in KNOWS_BOTH.items() if version >= since]
    return any(account.provider.protocol in protocols for protocols in known)


def name_of(account: Account) -> str:
    """What it calls the host name: DuckDNS wants to be told its first part alone."""
    return account.hostname.partition(".")[0] if account.provider.name == "duckdns" else account.hostname


def render_settings(account: Account, version: Version, interface: str | None) -> str:
    """The text of ddclient.conf. `interface` is the one that leads out by IPv6."""
    both = takes_both(account, version)
    if account.ipv6 and not (both and account.provider.ipv6):
        raise PiwizardError(
            f"ddns.ipv6: ddclient {'.'.join(map(str, version))} can update only the IPv4 address at "
            f"{account.provider.title}.",
            key="ddns.ipv6",
            hint="Leave it out, and remove an AAAA record of the name at the provider.",
        )
    if account.ipv6 and interface is None:
        raise PiwizardError(
            "ddns.ipv6: this machine has no way to the Internet by IPv6.", key="ddns.ipv6", hint="Leave it out."
        )
    return render(
        "ddns/ddclient.conf.j2",
        account=account,
        both=both,
        address=WHAT_IS_MY_ADDRESS,
        interface=interface,
        hostname=name_of(account),
        login=account.login.replace("\\", "\\\\").replace('"', '\\"'),
    )


def render_defaults(minutes: int) -> str:
    """The text of /etc/default/ddclient, which the service takes its interval from."""
    return render("ddns/ddclient.default.j2", seconds=60 * minutes)


def render_limits() -> str:
    """The text of the drop-in for its service."""
    return render("ddns/ddclient.service.j2")


@dataclass(frozen=True)
class Word:
    """What it noted of the last update that it tried. `status` is GOOD, the provider's refusal, UNHEARD where nobody
    was reached, "" where none was tried; `at` the seconds of the epoch, 0 where it does not say."""

    status: str = ""
    address: str | None = None
    at: int = 0


def last_word(account: Account) -> Word:
    """What CACHE says of this account's name: lines of names that it had before stay there."""
    return read_word((files.read(CACHE) or b"").decode("utf-8", "replace"), name_of(account))


def read_word(cache: str, name: str) -> Word:
    """The word on a host name out of a text of settings, a space and a name in each line."""
    lines = [line for line in cache.splitlines() if line.rpartition(" ")[2] == name and not line.startswith("#")]
    pairs = [part.partition("=")[::2] for part in lines[-1].rpartition(" ")[0].split(",")] if lines else []
    said = {key: value for key, value in pairs if value}
    # It begins with "noconnect" in both, and some protocols then write what became of it into one of them alone.
    status = max(said.get("status-ipv4", ""), said.get("status", ""), key=_how_telling)
    at = said.get("atime", "0")
    return Word(status, said.get("ipv4") or said.get("ip"), int(at) if at.isdigit() else 0)


def _how_telling(status: str) -> int:
    return {"": 0, UNHEARD: 1, GOOD: 3}.get(status, 2)
