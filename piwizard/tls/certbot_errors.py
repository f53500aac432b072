"""Explain certbot's errors in one sentence with a fix.

The run log keeps certbot's complete output.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from piwizard.system.lazy_dataclass import dataclass

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
    """An error of certbot.

    `failed`: domains whose validation failed, which Let's Encrypt counts.
    """

    sentence: str
    hint: str
    failed: tuple[str, ...] = ()
    retry_at: datetime | None = None
    key: str | None = None


_Explain = Callable[[str, str, datetime], CertbotError]
"""Takes certbot's output, its log and the current time."""
LOG_HINT = "See /var/log/letsencrypt/letsencrypt.log for details."
FORWARDING = "router.forward"
"""The answer of a home that visitors do not reach."""
CAA_HINT = 'Add a CAA record `0 issue "letsencrypt.org"` at your DNS provider, or remove the existing one.'


def explain(text: str, log: str = "", now: datetime | None = None, server: str = "") -> CertbotError:
    """Explain certbot's output, with the end of its log, which has the HTTP headers.

    `server` is the host of the ACME server, since the output does not always name it.
    """
    problems = PROBLEM.findall(text)
    if problems:
        name, kind, detail = problems[0]
        failed = tuple(dict.fromkeys(problem[0] for problem in problems))
        sentence, hint = _explain_validation(name, kind, detail.strip())
        unreachable = kind in ("connection", "unauthorized") and not IPV6.search(detail.split("http", 1)[0])
        return CertbotError(sentence, hint, failed, key=FORWARDING if unreachable else None)
    run = log.rpartition("certbot version:")[2]
    server_errors = SERVER_PROBLEM.findall(run)
    # certbot 2.1 crashes on some answers of the server, and prints only the crash.
    text += "".join(f"\n{kind} :: {detail}" for kind, detail in server_errors[-1:])
    for pattern, explain_match in ERROR_PATTERNS:
        if re.search(pattern, text, re.IGNORECASE):
            with_host = text if HOST.search(text) or not server else f"{text}\nhttps://{server}"
            return explain_match(with_host, run, now or datetime.now(UTC))
    if server_errors:
        detail = server_errors[-1][1].rstrip(".")
        return CertbotError(f"The ACME server refused the request: {detail}.", LOG_HINT)
    lines = [line.strip() for line in text.splitlines() if line.strip() and not BOILERPLATE.search(line)]
    last = lines[-1].rstrip(".") if lines else "no output"
    return CertbotError(f"certbot failed: {last}.", LOG_HINT)


def _explain_validation(name: str, kind: str, detail: str) -> tuple[str, str]:
    by_ipv6 = " over IPv6" if IPV6.search(detail.split("http", 1)[0]) else ""
    aaaa = " Make its AAAA record point to this Pi, or remove the record." if by_ipv6 else ""
    if "TXT record" in detail or "_acme-challenge" in detail:
        return (
            f"Let's Encrypt did not find the DNS record that certbot created for {name}: {detail}.",
            "New records may take a few minutes: apply again later. Check that this provider hosts the zone.",
        )
    if kind == "dns" or "could not resolve" in detail:
        return (
            f"{name} does not resolve: {detail}.",
            "Create an A record for it at your DNS or DDNS provider, then apply again after a few minutes.",
        )
    if kind == "caa" or "CAA" in detail:
        return f"A CAA record forbids Let's Encrypt to issue a certificate for {name}.", CAA_HINT
    if kind == "connection":
        reason = "no answer in time" if "imeout" in detail else "the connection was refused"
        return (
            f"{name} cannot be reached from the Internet at port 80{by_ipv6}: {reason}.",
            f"Forward port 80 of the router to port 80 of this Pi.{aaaa}",
        )
    if kind == "unauthorized":
        code = re.search(r"(?:returned|:|code) (\d{3})\b", detail)
        status = f" with status {code[1]}" if code else ""
        return (
            f"A machine other than this Pi answered for {name}{by_ipv6}{status}.",
            f"Check that the domain points to your public IP and that the router forwards port 80 to this Pi.{aaaa}",
        )
    return f"The validation of {name} failed ({kind}): {detail}.", LOG_HINT


def _explain_limit(text: str, log: str, now: datetime) -> CertbotError:
    """Explain a rate limit; it ends at the time in the text or the header, or else in an hour."""
    if when := RETRY.search(text):
        retry = datetime.fromisoformat(f"{when[1]}T{when[2]}").replace(tzinfo=UTC)
    else:
        seconds = re.findall(r"^Retry-After: (\d{1,8})$", log, re.MULTILINE | re.IGNORECASE)
        retry = now + timedelta(seconds=int(seconds[-1]) if seconds else 3600)
    what = re.search(r"too many (?!requests of a given type)[^:,\n]+", text)
    reason = f": {what[0].strip()}" if what else ""
    return CertbotError(
        f"Let's Encrypt accepts no more requests for this site until {retry:%Y-%m-%d %H:%M} UTC{reason}.",
        "The site stays online as before. Apply again after that time.",
        retry_at=retry,
    )


def _find_server(text: str) -> str:
    found = HOST.search(text)
    return f" {found[1]}" if found else ""


def _fixed(sentence: str, hint: str, key: str | None = None) -> _Explain:
    return lambda text, log, now: CertbotError(sentence.format(server=_find_server(text)), hint, key=key)


ERROR_PATTERNS: tuple[tuple[str, _Explain], ...] = (
    (
        r"Unable to determine zone_id|Unable to determine Cloudflare zone",
        _fixed(
            "The Cloudflare token has no permission for the zone of these domains.",
            'At dash.cloudflare.com, give the token the permission "Edit zone DNS" for this zone.',
            key="ddns.zone",
        ),
    ),
    (
        r"Could not authenticate against deSEC API",
        _fixed(
            "deSEC does not accept the token.",
            "Create a token for this domain at desec.io under Token Management, and enter it as ddns.password.",
            key="ddns.password",
        ),
    ),
    (
        r"Could not find suitable domain in your account",
        _fixed("The deSEC account does not have this domain.", "Create it at desec.io.", key="ddns.hostname"),
    ),
    (
        r"TXTUpdateError|could not be (set|cleared).*TXT|TXT.*could not be (set|cleared)",
        _fixed(
            "DuckDNS does not accept the record: the token or the domain does not belong to your account.",
            "Copy the token from the top of www.duckdns.org, and enter it as ddns.password.",
            key="ddns.password",
        ),
    ),
    (
        r"Error (determining zone_id|communicating with the Cloudflare API|finding zone|adding TXT record)",
        _fixed(
            "Cloudflare does not accept the token.",
            'Create a token with "Edit zone DNS" for the zone at dash.cloudflare.com, and enter it as ddns.password.',
            key="ddns.password",
        ),
    ),
    (
        r"rateLimited|too many (certificates|failed authorizations|new orders|requests|registrations)",
        _explain_limit,
    ),
    (
        r"\bcaa :: |CAA record",
        _fixed("A CAA record forbids Let's Encrypt to issue a certificate for a domain of this site.", CAA_HINT),
    ),
    (
        r"Input the webroot for",
        _fixed(
            "certbot cannot renew the certificate: its settings do not name the folder for challenges.",
            "Run `piwizard apply renewal` to add it.",
        ),
    ),
    (
        r"certificate is not yet valid|certificate has expired",
        _fixed(
            "The certificate of the ACME server{server} is not valid at the time of this Pi.",
            "Check the clock with `timedatectl`, then apply again.",
        ),
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED",
        _fixed(
            "The certificate of the ACME server{server} is not trusted.",
            "For a private ACME server, set tls.ca_bundle. Otherwise, something on your network intercepts TLS.",
            key="tls.ca_bundle",
        ),
    ),
    (
        r"Connection refused|Max retries exceeded|Failed to resolve|is unreachable|timed out|Connection aborted",
        _fixed(
            "The ACME server{server} cannot be reached.",
            "Check this Pi's Internet connection and https://letsencrypt.status.io, then apply again later.",
        ),
    ),
    (
        r"Another instance of Certbot",
        _fixed("certbot is already running.", "Wait until it ends, then apply again."),
    ),
    (
        r"invalidContact|invalid email|contact email|unable to parse email",
        _fixed("tls.email: Let's Encrypt does not accept this address.", "Correct or remove it.", key="tls.email"),
    ),
    (r"No space left", _fixed("The disk is full.", "Free some space, for example with `sudo apt-get clean`.")),
    (
        r"serverInternal|Service busy|internal error|badNonce|503|Unable to .* server directory",
        _fixed(
            "The ACME server has an internal error.",
            "Apply again later; https://letsencrypt.status.io lists outages.",
        ),
    ),
)
