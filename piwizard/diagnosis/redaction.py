"""Replace secrets, names and addresses in texts by placeholders.

The same value has the same placeholder in all texts.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

from piwizard.system.secret_filter import Secret, SecretFilter

KEY = r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
USERINFO = r"(?<=://)[^\s/@\"']+@"
BEARER = r"(?i)(?<=authorization: )(?:\w+ )?\S+"
NAMED = (
    r"(?i)(?<![A-Za-z0-9-])((?:password|passwd|token|secret|api_?key|secret_?key)[\"']?\s*[=:]\s*[\"']?)"
    r"([^\s\"'&,;{}]{4,})"
)
MAIL = r"(?<![\w.+-])[\w.+-]++@(?:[\w-]+\.)+[\w-]+"
"""Begins only at the beginning of a word: otherwise, the time grows with the square of the length of a line."""
UNIT_ENDINGS = (".service", ".socket", ".timer", ".slice", ".scope", ".target", ".mount", ".path", ".device")
MAC = r"(?i)(?<![\w:])(?:[0-9a-f]{2}:){5}[0-9a-f]{2}(?![\w:])"
IPV6 = r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:\d+\.\d+\.\d+\.\d+|[0-9A-Fa-f]{0,4})(?![\w:])"
IPV4 = r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)"
DOMAIN = r"(?i)(?<![\w.@%-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+([a-z]{2,18})(?![\w-]|\.\w)"
COMMON = (
    "com net org info biz dev cloud online site xyz blog shop tech space website edu gov io co tv "
    "eu uk de fr nl be at ch it es pt pl cz sk hu ro se no fi dk ie us ca au nz jp cn kr in br mx ar za ru ua tr gr il"
)
ENDINGS = frozenset(COMMON.split(" "))
"""Of domains, without those that are also endings of files and modules: py, sh, me, app."""
PUBLIC_SERVICES = re.compile(
    r"(?i)(?:.*\.)?(?:letsencrypt\.org|debian\.org|raspberrypi\.(?:org|com)|python\.org|pypi\.org|pythonhosted\.org|"
    r"nginx\.org|freedesktop\.org|example\.(?:org|com|net)|ipify\.org|icanhazip\.com|ifconfig\.me|checkip\.dyndns\.org)"
    r"|(?:www\.|api\.)?(?:github\.com|gitlab\.com|codeberg\.org|bitbucket\.org|duckdns\.org|no-ip\.com|cloudflare\.com|"
    r"desec\.io|dynu\.com|dynv6\.com|afraid\.org)|(?:dynupdate|ip1\.dynupdate)\.no-ip\.com|api\.dynu\.com|"
    r"update\.dedyn\.io|freedns\.afraid\.org"
)
"""Domains of services where no user has a domain of their own; they reveal nothing."""
RESOLVERS = frozenset(("8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9"))
OPEN, CLOSE = "\ue000", "\ue001"
"""Around a placeholder while others are searched. These characters are in no text."""


class Redactor:
    """Replaces secrets and names in texts.

    `secrets` are replaced in every encoding; `names` maps private names to the kind of their placeholder.

    A domain is also replaced within its subdomains: www.NAME keeps its www.
    """

    def __init__(self, secrets: Iterable[Secret | str], names: Mapping[str, str]) -> None:
        self._placeholders: dict[tuple[str, str], str] = {}
        self._secrets = SecretFilter(secrets)
        self._names = {
            form: (kind, name.lower())
            for name, kind in names.items()
            for form in (name.lower(), quote(name.lower(), safe="").lower())
            if name
        }
        known = "|".join(re.escape(name) for name in sorted(self._names, key=lambda name: (-len(name), name)))
        self._known = re.compile(rf"(?i)(?<![\w-])(?:{known})(?![\w-])") if known else None

    def text(self, text: str) -> str:
        """Return the text with placeholders."""
        text = text.replace(OPEN, "").replace(CLOSE, "")
        text = self._secrets.text(text, lambda secret: self._for("secret", secret))
        steps: tuple[tuple[str, int, Callable[[re.Match[str]], str]], ...] = (
            (KEY, re.DOTALL, lambda match: self._for("secret", match[0])),
            (USERINFO, 0, lambda match: f"{self._for('secret', match[0])}@"),
            (BEARER, 0, lambda match: self._for("secret", match[0])),
            (NAMED, 0, lambda match: match[1] + self._for("secret", match[2])),
            (MAIL, 0, self._mail),
        )
        for pattern, flags, placeholder in steps:
            text = re.sub(pattern, placeholder, text, flags=flags)
        if self._known:
            text = self._known.sub(lambda match: self._for(*self._names[match[0].lower()]), text)
        text = re.sub(MAC, lambda match: self._for("mac", match[0].lower()), text)
        for pattern, placeholder in ((IPV6, self._address), (IPV4, self._address), (DOMAIN, self._domain)):
            text = re.sub(pattern, placeholder, text)
        return text.replace(OPEN, "").replace(CLOSE, "")

    def _for(self, kind: str, value: str) -> str:
        if value.startswith(OPEN) or OPEN in value:
            return value  # already a placeholder
        known = self._placeholders.get((kind, value))
        if known is None:
            number = 1 + sum(1 for one, _ in self._placeholders if one == kind)
            ending = ".example" if kind == "name" else ""
            known = self._placeholders[kind, value] = f"{OPEN}{kind}-{number}{ending}{CLOSE}"
        return known

    def _mail(self, match: re.Match[str]) -> str:
        if match[0].endswith(UNIT_ENDINGS) or match[0].startswith("git@"):
            return match[0]
        return self._for("mail", match[0].lower())

    def _address(self, match: re.Match[str]) -> str:
        try:
            address = ipaddress.ip_address(match[0])
        except ValueError:
            return match[0]
        if isinstance(address, ipaddress.IPv4Address):
            private = address.is_global and str(address) not in RESOLVERS
        else:
            private = not (address.is_loopback or address.is_unspecified or address.is_multicast)
        return self._for("address", str(address)) if private else match[0]

    def _domain(self, match: re.Match[str]) -> str:
        name = match[0].lower()
        if match[1].lower() not in ENDINGS or PUBLIC_SERVICES.fullmatch(name):
            return match[0]
        bare = name.removeprefix("www.")
        return ("www." if bare != name else "") + self._for("name", bare)
