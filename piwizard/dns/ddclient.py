"""Write the settings of ddclient, Debian's DDNS client, and read its status."""

from __future__ import annotations

import re
from pathlib import Path

from piwizard.dns.ddns_account import Account
from piwizard.errors import PiwizardError
from piwizard.system import files
from piwizard.system.lazy_dataclass import dataclass
from piwizard.templates.render import render

Version = tuple[int, ...]
SERVICE = "ddclient.service"
DEFAULTS = Path("/etc/default/ddclient")
CACHE = Path("/var/cache/ddclient/ddclient.cache")
BY_RELEASE: dict[int, Version] = {11: (3, 9, 1), 12: (3, 10, 0), 13: (3, 11, 2)}
"""The version in each Debian release; later releases have 4.0 or newer."""
NEWEST: Version = (4, 0, 0)
GOOD, UNHEARD = "good", "noconnect"
"""Its status of an update that was accepted, and of one that reached no server."""
PUBLIC_IP_URL = "https://api.ipify.org/"
DUAL_STACK_PROTOCOLS = {
    (3, 10): {"cloudflare", "freedns"},
    (3, 11): {"cloudflare", "freedns", "duckdns", "dyndns2"},
    (4, 0): {"cloudflare", "freedns", "duckdns", "dyndns2", "noip"},
}
"""By version: protocols with separate IPv4 and IPv6 settings. In older versions, those cause endless updates."""


def version_for(installed: str | None, debian: int | None) -> Version:
    """Return the version that is installed, or that the package will install."""
    if installed and (found := re.match(r"\d+(\.\d+)*", installed)):
        return tuple(int(part) for part in found[0].split("."))
    return BY_RELEASE.get(debian or 0, NEWEST)


def settings_path(version: Version) -> Path:
    """Return the path of the settings that this version reads."""
    return Path("/etc/ddclient/ddclient.conf" if version >= (4, 0) else "/etc/ddclient.conf")


def packages(version: Version) -> tuple[str, ...]:
    """Return the packages it needs for HTTPS; later versions depend on curl."""
    return ("ddclient",) if version >= (3, 11) else ("ddclient", "libio-socket-ssl-perl")


def supports_dual_stack(account: Account, version: Version) -> bool:
    """Return whether this version has separate IPv4 and IPv6 settings for a provider."""
    supported = [protocols for since, protocols in DUAL_STACK_PROTOCOLS.items() if version >= since]
    return any(account.provider.protocol in protocols for protocols in supported)


def name_of(account: Account) -> str:
    """Return ddclient's name for the host: for DuckDNS only the first label."""
    return account.hostname.partition(".")[0] if account.provider.name == "duckdns" else account.hostname


def render_settings(account: Account, version: Version, interface: str | None) -> str:
    """Return the text of ddclient.conf.

    `interface` has the IPv6 default route.
    """
    both = supports_dual_stack(account, version)
    if account.ipv6 and not (both and account.provider.ipv6):
        raise PiwizardError(
            f"ddns.ipv6: ddclient {'.'.join(map(str, version))} can update only the IPv4 address at "
            f"{account.provider.title}.",
            key="ddns.ipv6",
            hint="Remove ddns.ipv6 from the answers, and delete the AAAA record at the provider.",
        )
    if account.ipv6 and interface is None:
        raise PiwizardError(
            "ddns.ipv6: this Pi has no IPv6 connection to the Internet.",
            key="ddns.ipv6",
            hint="Remove ddns.ipv6 from the answers.",
        )
    return render(
        "ddns/ddclient.conf.j2",
        account=account,
        both=both,
        address=PUBLIC_IP_URL,
        interface=interface,
        hostname=name_of(account),
        login=account.login.replace("\\", "\\\\").replace('"', '\\"'),
    )


def render_defaults(minutes: int) -> str:
    """Return the text of /etc/default/ddclient, which sets the update interval."""
    return render("ddns/ddclient.default.j2", seconds=60 * minutes)


def render_limits() -> str:
    """Return the text of the drop-in for its service."""
    return render("ddns/ddclient.service.j2")


@dataclass(frozen=True)
class UpdateStatus:
    """The result of ddclient's last update.

    `status` is GOOD, UNHEARD if no server was reached, the provider's error code, or "" if there was no update. `at` is
    the time of the update in seconds since the epoch, or 0.
    """

    status: str = ""
    address: str | None = None
    at: int = 0


def read_last_update(account: Account) -> UpdateStatus:
    """Return the last update of this account from CACHE, which keeps old names too."""
    return parse_cache((files.read(CACHE) or b"").decode("utf-8", "replace"), name_of(account))


def parse_cache(cache: str, name: str) -> UpdateStatus:
    """Return the last update of a host; each line has settings, a space and a name."""
    lines = [line for line in cache.splitlines() if line.rpartition(" ")[2] == name and not line.startswith("#")]
    pairs = [part.partition("=")[::2] for part in lines[-1].rpartition(" ")[0].split(",")] if lines else []
    settings = {key: value for key, value in pairs if value}
    # Both start as "noconnect"; some protocols then write the result into only one of them.
    status = max(settings.get("status-ipv4", ""), settings.get("status", ""), key=_rank)
    at = settings.get("atime", "0")
    return UpdateStatus(status, settings.get("ipv4") or settings.get("ip"), int(at) if at.isdigit() else 0)


def _rank(status: str) -> int:
    return {"": 0, UNHEARD: 1, GOOD: 3}.get(status, 2)
