"""Send one DDNS update and return the provider's answer."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from piwizard.dns.ddns_account import Account
from piwizard.system import connections, http_client
from piwizard.system.http_client import Limits, MalformedResponse
from piwizard.system.lazy_dataclass import dataclass

REQUEST_SECONDS = 20.0
MAX_RESPONSE_BYTES = 20000
ACCEPTED = ("good", "nochg")
CODES = (
    *(*ACCEPTED, "badauth", "nohost", "notfqdn", "!yours", "!active", "!donator", "numhost", "badagent", "abuse"),
    *("911", "dnserr"),
)


@dataclass(frozen=True)
class UpdateReply:
    """The answer: the provider's code ("good", "nohost"), or one of REFUSALS."""

    code: str

    @property
    def accepted(self) -> bool:
        return self.code in ACCEPTED


class _Failed(Exception):
    """The request failed; the text is a code of REFUSALS."""


@dataclass(frozen=True)
class _Page:
    status: int
    text: str


def update(account: Account, address: str | None) -> UpdateReply:
    """Update the host name to an address; None: the address of the request."""
    ask = {"duckdns": _duckdns, "cloudflare": _cloudflare, "freedns": _freedns}
    try:
        return UpdateReply(ask.get(account.provider.protocol, _dyndns2)(account, address))
    except _Failed as failed:
        return UpdateReply(str(failed))


def verify(account: Account) -> UpdateReply | None:
    """Ask for the host name without an update; None where a provider cannot be asked."""
    try:
        match account.provider.protocol:
            case "cloudflare":
                return UpdateReply("good" if _cloudflare_record(account) else "norecord")
            case "freedns":
                return UpdateReply(_freedns(account, None))
        return None
    except _Failed as failed:
        return UpdateReply(str(failed))


def _dyndns2(account: Account, address: str | None) -> str:
    asked = {"hostname": account.hostname} | ({"myip": address} if address else {})
    signed = base64.b64encode(f"{account.login}:{account.secret}".encode()).decode()
    page = _get(account, f"/nic/update?{urlencode(asked)}", {"Authorization": f"Basic {signed}"})
    words = page.text.strip().lower().split()
    if words[:2] == ["good", "127.0.0.1"]:  # the answer to a blocked client
        return "badagent"
    if words and words[0] in CODES:
        return words[0]
    return _by_status(page)


def _duckdns(account: Account, address: str | None) -> str:
    asked = {"domains": account.hostname.partition(".")[0], "token": account.secret, "ip": address or ""}
    page = _get(account, f"/update?{urlencode(asked)}")
    word = page.text.strip().upper()[:2]
    return {"OK": "good", "KO": "ko"}.get(word) or _by_status(page)


def _freedns(account: Account, address: str | None) -> str:
    signed = hashlib.sha1(f"{account.login}|{account.secret}".encode(), usedforsecurity=False).hexdigest()
    page = _get(account, f"/api/?action=getdyndns&v=2&sha={signed}")
    names = [line.split("|")[0].lower() for line in page.text.splitlines() if line.count("|") >= 2]
    if account.hostname in names:
        return "good"
    if "authenticate" in page.text.lower():
        return "badauth"
    return "nohost" if names else _by_status(page)


def _cloudflare(account: Account, address: str | None) -> str:
    found = _cloudflare_record(account)
    if found is None:
        return "norecord"
    place, record = found
    changed = {"content": address or str(record.get("content"))}
    page = _get(account, place, _signed(account), method="PATCH", body=json.dumps(changed))
    return "good" if page.status == 200 else "noedit" if page.status in (401, 403) else _by_status(page)


def _cloudflare_record(account: Account) -> tuple[str, dict[str, Any]] | None:
    """Return the path and the content of the host name's record; None if there is none."""
    signed = _signed(account)
    zone = _one(_get(account, f"/zones?name={quote(account.zone)}", signed))
    if zone is None:
        raise _Failed("nozone")
    place = f"/zones/{quote(str(zone.get('id')))}/dns_records"
    record = _one(_get(account, f"{place}?type=A&name={quote(account.hostname)}", signed))
    return None if record is None else (f"{place}/{quote(str(record.get('id')))}", record)


def _signed(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.secret}", "Content-Type": "application/json"}


def _one(page: _Page) -> dict[str, Any] | None:
    """Return the first result of Cloudflare."""
    if page.status != 200:
        raise _Failed("badauth" if page.status in (400, 401, 403) else _by_status(page))
    try:
        found = json.loads(page.text)["result"]
        return dict(found[0]) if found else None
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise _Failed("garbage") from error


def _by_status(page: _Page) -> str:
    known = {401: "badauth", 403: "badauth", 404: "nohost", 429: "throttled"}
    if page.status >= 500:
        return "down"
    # An HTML page may come from a captive portal and says nothing about the password.
    plain = not re.search(r"<html|<!doctype", page.text, re.I)
    return known.get(page.status, "garbage") if plain or page.status in (401, 429) else "garbage"


def _get(
    account: Account,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    body: str | None = None,
) -> _Page:
    """Send one request over HTTPS. Redirects are not followed, because they would get the secret."""
    import ssl

    host, _, base = account.server.partition("/")
    name, _, port = host.partition(":")
    connect = connections.tcp(name, int(port or 443), tls=ssl.create_default_context())
    sent = {"User-Agent": account.agent} | dict(headers or {})
    whole, limits = f"/{base}{path}" if base else path, Limits(REQUEST_SECONDS, MAX_RESPONSE_BYTES)
    try:
        answer = http_client.request(connect, whole, host=host, method=method, headers=sent, body=body, limits=limits)
    except ssl.SSLCertVerificationError as error:
        raise _Failed("certificate") from error
    except TimeoutError as error:
        raise _Failed("time-out") from error
    except ConnectionRefusedError as error:
        raise _Failed("unreachable") from error
    except ConnectionError as error:
        raise _Failed("cut") from error
    except (MalformedResponse, ssl.SSLError) as error:
        raise _Failed("garbage") from error
    except OSError as error:
        raise _Failed("unreachable") from error
    return _Page(answer.status, answer.body.decode("utf-8", "replace"))
