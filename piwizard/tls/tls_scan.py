"""Scan which TLS protocols and cipher suites a server offers.

nginx uses the same OpenSSL, so it cannot offer anything that this scan cannot test.
"""

from __future__ import annotations

import re
import socket
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from piwizard.system import certificates, commands
from piwizard.system.certificates import X509Info
from piwizard.tls.grade import Observed, Suite

if TYPE_CHECKING:
    import ssl

VERSIONS = {"TLS 1.0": "TLSv1", "TLS 1.1": "TLSv1_1", "TLS 1.2": "TLSv1_2", "TLS 1.3": "TLSv1_3"}
HOSTNAME_MISMATCH = 62
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH."""
HANDSHAKE_TIMEOUT_SECONDS = 5.0
HANDSHAKE_ATTEMPTS = 2
"""nginx closes connections while it restarts."""
ALL_CIPHERS = "ALL:COMPLEMENTOFALL"
LOCALHOST = "127.0.0.1"


class NoAnswer(Exception):
    """No answer, which does not show what the server offers."""


def scan_server(
    domains: Sequence[str], *, hsts: int | None, address: str = LOCALHOST, port: int = 443
) -> Observed | None:
    """Return what the server of the first domain offers, if it answers.

    `hsts` is the max-age of its HSTS header in seconds.
    """
    try:
        return _scan(domains, hsts, (address, port))
    except NoAnswer:
        return None


def _scan(domains: Sequence[str], hsts: int | None, at: tuple[str, int]) -> Observed | None:
    host = domains[0]
    protocols = tuple(name for name in VERSIONS if _version_offered(at, host, name))
    if not protocols:
        return None
    suites = _list_suites(at, host, protocols)
    text = _certificate_text(at, host)
    if not text:
        raise NoAnswer
    kind, bits = _parse_key(text)
    untrusted, mismatched = "", ""
    for domain in domains:
        code, message = _verify(at, domain)
        mismatched = mismatched or (domain if code == HOSTNAME_MISMATCH else "")
        untrusted = untrusted or (message if code and code != HOSTNAME_MISMATCH else "")
    match = re.search(r"Signature Algorithm: (\S+)", text)
    signature, dh = match[1] if match else "", _read_dh_bits(at, host, suites)
    return Observed(protocols, suites, kind, bits, signature, untrusted, mismatched, hsts, dh)


def read_served_certificate(host: str, address: str = LOCALHOST, port: int = 443) -> X509Info | None:
    """Return the certificate that the server sends for a host, or None."""
    return certificates.parse_certificate(_certificate_text((address, port), host))


def _list_suites(at: tuple[str, int], host: str, protocols: Sequence[str]) -> tuple[Suite, ...]:
    """Return the suites that the server accepts: repeat the handshake without those found, until it fails."""
    found = []
    if "TLS 1.3" in protocols and (chosen := _negotiate(at, _context("TLS 1.3"), host)):
        # The three that every OpenSSL offers; nginx's ssl_ciphers does not affect them.
        found += [
            Suite(one["name"], one["strength_bits"], True, True)
            for one in _context("TLS 1.3").get_ciphers()
            if one["protocol"] == "TLSv1.3"
        ] or [Suite(chosen, 128, True, True)]
    if protocols[0] == "TLS 1.3":
        return tuple(found)
    every = _context("TLS 1.0", "TLS 1.2", ALL_CIPHERS)
    known = {one["name"]: one for one in every.get_ciphers() if one["protocol"] != "TLSv1.3"}
    while known:
        chosen = _negotiate(at, _context("TLS 1.0", "TLS 1.2", ":".join(known)), host)
        if chosen not in known:
            break
        one = known.pop(chosen)
        forward = one["kea"] in ("kx-ecdhe", "kx-dhe")
        found.append(Suite(chosen, one["strength_bits"], forward, bool(one["aead"])))
    return tuple(found)


def _context(lowest: str, highest: str | None = None, ciphers: str = "DEFAULT") -> ssl.SSLContext:
    """Return a client context for only these versions that accepts any certificate."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # about TLS 1.0 and 1.1
        context.minimum_version = ssl.TLSVersion[VERSIONS[lowest]]
        context.maximum_version = ssl.TLSVersion[VERSIONS[highest or lowest]]
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    return context


def _negotiate(at: tuple[str, int], context: ssl.SSLContext, host: str) -> str:
    """Return the suite that the server chose, or "" if it refused. Raise NoAnswer otherwise."""
    import ssl

    for _ in range(HANDSHAKE_ATTEMPTS):
        try:
            with (
                socket.create_connection(at, timeout=HANDSHAKE_TIMEOUT_SECONDS) as plain,
                context.wrap_socket(plain, server_hostname=host) as connection,
            ):
                agreed = connection.cipher()
                return agreed[0] if agreed else ""
        except ssl.SSLEOFError:
            continue
        except ssl.SSLError:  # an alert is an answer
            return ""
        except OSError:
            continue
    raise NoAnswer


def _version_offered(at: tuple[str, int], host: str, version: str) -> bool:
    ciphers = "DEFAULT" if version == "TLS 1.3" else ALL_CIPHERS
    return bool(_negotiate(at, _context(version, None, ciphers), host))


def _verify(at: tuple[str, int], host: str) -> tuple[int, str]:
    """Verify the certificate with the system's CAs; return OpenSSL's error code (0: valid) and message."""
    import ssl

    try:
        with (
            socket.create_connection(at, timeout=HANDSHAKE_TIMEOUT_SECONDS) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=host),
        ):
            return 0, ""
    except ssl.SSLCertVerificationError as error:
        return error.verify_code, error.verify_message
    except OSError as error:
        return -1, f"no connection for {host} ({error.strerror or error})"


def _certificate_text(at: tuple[str, int], host: str) -> str:
    """Return the certificate that the server sends, as text by openssl."""
    import ssl

    try:
        with (
            socket.create_connection(at, timeout=HANDSHAKE_TIMEOUT_SECONDS) as plain,
            _context("TLS 1.0", "TLS 1.3").wrap_socket(plain, server_hostname=host) as connection,
        ):
            served = connection.getpeercert(binary_form=True)
    except OSError:
        return ""
    if served is None:
        return ""
    argv = ("openssl", "x509", *certificates.X509_OPTIONS, "-text")
    return commands.run(argv, input=ssl.DER_cert_to_PEM_cert(served)).output


def _parse_key(text: str) -> tuple[str, int]:
    """Return type and bits of a certificate's key. Ed25519 shows no bits; it is as strong as a 256-bit curve."""
    kind = re.search(r"Public Key Algorithm: (\S+)", text)
    bits = re.search(r"Public-Key: \((\d+) bit", text)
    return "RSA" if kind and kind[1].startswith("rsa") else "EC", int(bits[1]) if bits else 256


def _read_dh_bits(at: tuple[str, int], host: str, suites: Sequence[Suite]) -> int | None:
    """Return the bits of the Diffie-Hellman parameters, or None if no suite uses them."""
    name = next((suite.name for suite in suites if suite.name.startswith("DHE-")), None)
    if name is None:
        return None
    server = ("-connect", f"{at[0]}:{at[1]}", "-servername", host)
    argv = ("openssl", "s_client", *server, "-tls1_2", "-cipher", f"{name}:@SECLEVEL=0")
    result = commands.run(argv, input="", timeout=HANDSHAKE_TIMEOUT_SECONDS)
    found = re.search(r"Temp Key: DH, (\d+) bits", result.output)
    if found is None:
        raise NoAnswer
    return int(found[1])
