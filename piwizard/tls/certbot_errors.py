"""certbot's own words, as one sentence and what to do about it. All of its text stays in the run's record."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PROBLEM = re.compile(r"^\s*Domain:\s*(\S+)\s*\n\s*Type:\s*(\S+)\s*\n\s*Detail:\s*(.+)$", re.MULTILINE)
RETRY = re.compile(r"retry after (\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?: UTC|Z)")
IPV6 = re.compile(r"\b[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7}")
SERVER_PROBLEM = re.compile(r'"type": "urn:ietf:params:acme:error:(\w+)",\s*"detail": "([^"\n]+)"')
HOST = re.compile(r"(?:host='|Requesting |https://(?!community\.|letsencrypt\.org))([A-Za-z0-9.-]+[A-Za-z0-9])")
BOILERPLATE = re.compile(
    r"Saving debug log|Ask for help|An unexpected error occurred|Some challenges have failed|^[- ]*$|Processing /"
    r"|could not be renewed|renewals failed|\(failure\)|renew failure|^Simulating|^Requesting|^Renewing|^Hint:"
)


@dataclass(frozen=True)
class CertbotError:
    """What went wrong. `failed`: the names whose validation failed, which Let's Encrypt counts."""

    sentence: str
    hint: str
    failed: tuple[str, ...] = ()
    retry_at: datetime | None = None
    key: str | None = None


_Explain = Callable[[str, str, datetime], CertbotError]
"""From certbot's text, its log and the time."""


def explain(text: str, log: str = "", now: datetime | None = None, server: str = "") -> CertbotError:
    """From what certbot printed before it ended with an error, and the end of its log, which has the headers.

    `server` is who was asked, as the text does not always say.
    """
    problems = PROBLEM.findall(text)
    if problems:
        name, kind, detail = problems[0]
        failed = tuple(dict.fromkeys(problem[0] for problem in problems))
        sentence, hint = _validation(name, kind, detail.strip())
        return CertbotError(sentence, hint, failed)
    run = log.rpartition("certbot version:")[2]
    told_by_server = SERVER_PROBLEM.findall(run)
    # certbot 2.1 stumbles over what the server says, and prints only that it did.
    text += "".join(f"\n{kind} :: {detail}" for kind, detail in told_by_server[-1:])
    for sign, refusal in SIGNS:
        if re.search(sign, text, re.IGNORECASE):
            whole = text if HOST.search(text) or not server else f"{text}\nhttps://{server}"
            return refusal(whole, run, now or datetime.now(UTC))
    if told_by_server:
        detail = told_by_server[-1][1].rstrip(".")
        return CertbotError(
            f"The ACME server refuses: {detail}.", "/var/log/letsencrypt/letsencrypt.log has all of it."
        )
    lines = [line.strip() for line in text.splitlines() if line.strip() and not BOILERPLATE.search(line)]
    words = lines[-1].rstrip(".") if lines else "it said nothing"
    return CertbotError(f"certbot failed: {words}.", "/var/log/letsencrypt/letsencrypt.log has all it did.")


def _validation(name: str, kind: str, detail: str) -> tuple[str, str]:
    by_ipv6 = " over IPv6" if IPV6.search(detail.split("http", 1)[0]) else ""
    aaaa = " Its AAAA record must lead to this Pi, or go." if by_ipv6 else ""
    if "TXT record" in detail or "_acme-challenge" in detail:
        return (
            f"The record that was made for {name} in the DNS was not seen: {detail}.",
            "It may need more time to be known: apply again. Is the zone really kept by this provider?",
        )
    if kind == "dns" or "could not resolve" in detail:
        return f"{name} does not resolve: {detail}.", "Make an A record for it at your DNS or DDNS provider, and wait."
    if kind == "caa" or "CAA" in detail:
        return (
            f"A CAA record forbids Let's Encrypt to certify {name}.",
            'Add a CAA record `0 issue "letsencrypt.org"` at your DNS provider, or take away the one that is there.',
        )
    if kind == "connection":
        how = "nobody answered in time" if "imeout" in detail else "the connection was refused"
        return (
            f"{name} cannot be reached from the Internet at port 80{by_ipv6}: {how}.",
            f"Port 80 of the router has to be forwarded to port 80 of this Pi.{aaaa}",
        )
    if kind == "unauthorized":
        code = re.search(r"(?:returned|:|code) (\d{3})\b", detail)
        answered = f" with {code[1]}" if code else ""
        return (
            f"Another machine than this Pi answered for {name}{by_ipv6}{answered}.",
            f"The name, or port 80 of the router, leads elsewhere.{aaaa}",
        )
    return f"{name} was not validated ({kind}): {detail}.", "/var/log/letsencrypt/letsencrypt.log has all of it."


def _limited(text: str, log: str, now: datetime) -> CertbotError:
    """A rate limit. Its end is in the text, or else in the answer's header; an hour from now where it is in neither."""
    if when := RETRY.search(text):
        retry = datetime.fromisoformat(f"{when[1]}T{when[2]}").replace(tzinfo=UTC)
    else:
        seconds = re.findall(r"^Retry-After: (\d{1,8})$", log, re.MULTILINE | re.IGNORECASE)
        retry = now + timedelta(seconds=int(seconds[-1]) if seconds else 3600)
    what = re.search(r"too many (?!requests of a given type)[^:,\n]+", text)
    reason = f": {what[0].strip()}" if what else ""
    return CertbotError(
        f"Let's Encrypt takes no more requests for this site until {retry:%Y-%m-%d %H:%M} UTC{reason}.",
        "Nothing is lost: the site is served meanwhile as it was. Apply again after that time.",
        retry_at=retry,
    )


def _server(text: str) -> str:
    found = HOST.search(text)
    return f" {found[1]}" if found else ""


def _fixed(sentence: str, hint: str, key: str | None = None) -> _Explain:
    return lambda text, log, now: CertbotError(sentence.format(server=_server(text)), hint, key=key)


SIGNS: tuple[tuple[str, _Explain], ...] = (
    (
        r"Unable to determine zone_id|Unable to determine Cloudflare zone",
        _fixed(
            "Cloudflare knows no zone for these names that the token may change.",
            'The token needs "Edit zone DNS" of just this zone; dash.cloudflare.com shows both.',
            key="ddns.zone",
        ),
    ),
    (
        r"Could not authenticate against deSEC API",
        _fixed(
            "deSEC does not take the token.",
            "Make one at desec.io under Token Management that may change this domain; give it as ddns.password.",
            key="ddns.password",
        ),
    ),
    (
        r"Could not find suitable domain in your account",
        _fixed("The account at deSEC has no domain for these names.", "Make it at desec.io.", key="ddns.hostname"),
    ),
    (
        r"TXTUpdateError|could not be (set|cleared).*TXT|TXT.*could not be (set|cleared)",
        _fixed(
            "DuckDNS does not take the record: the token or the name is not of your account there.",
            "Copy the token from the top of www.duckdns.org, and give it as ddns.password.",
            key="ddns.password",
        ),
    ),
    (
        r"Error (determining zone_id|communicating with the Cloudflare API|finding zone|adding TXT record)",
        _fixed(
            "Cloudflare does not take the token.",
            'Make one at dash.cloudflare.com that may "Edit zone DNS" of the zone, and give it as ddns.password.',
            key="ddns.password",
        ),
    ),
    (r"rateLimited|too many (certificates|failed authorizations|new orders|requests|registrations)", _limited),
    (
        r"\bcaa :: |CAA record",
        _fixed(
            "A CAA record forbids Let's Encrypt to certify a name of this site.",
            'Add a CAA record `0 issue "letsencrypt.org"` at your DNS provider, or take away the one that is there.',
        ),
    ),
    (
        r"Input the webroot for",
        _fixed(
            "certbot has not noted where challenges go, so that the certificate cannot be renewed.",
            "`piwizard apply renewal` notes it.",
        ),
    ),
    (
        r"certificate is not yet valid|certificate has expired",
        _fixed(
            "The certificate of the ACME server{server} is not valid at this Pi's time.",
            "Look at the clock: `timedatectl`.",
        ),
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED",
        _fixed(
            "The certificate of the ACME server{server} is not trusted.",
            "For a private ACME server give its CA as tls.ca_bundle; else something between here and there intercepts.",
            key="tls.ca_bundle",
        ),
    ),
    (
        r"Connection refused|Max retries exceeded|Failed to resolve|is unreachable|timed out|Connection aborted",
        _fixed(
            "The ACME server{server} cannot be reached.", "Try again later; https://letsencrypt.status.io says more."
        ),
    ),
    (
        r"Another instance of Certbot",
        _fixed("certbot is running already.", "Wait for it to end, then apply again."),
    ),
    (
        r"invalidContact|invalid email|contact email|unable to parse email",
        _fixed("tls.email: Let's Encrypt does not take this address.", "Correct it, or leave it out.", key="tls.email"),
    ),
    (r"No space left", _fixed("The disk is full.", "`sudo apt-get clean` makes room.")),
    (
        r"serverInternal|Service busy|internal error|badNonce|503|Unable to .* server directory",
        _fixed("The ACME server has trouble of its own.", "Try again later; https://letsencrypt.status.io says more."),
    ),
)
