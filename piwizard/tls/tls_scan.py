"""What a server offers over TLS, found by asking it for one thing after the other, on this machine.

What this machine's OpenSSL cannot speak nginx, which runs on the same, cannot offer either.
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
MISMATCH = 62
"""OpenSSL's number for a certificate of another name."""
SECONDS = 5.0
ATTEMPTS = 2
"""For each question: nginx closes connections while it is restarted."""
EVERYTHING = "ALL:COMPLEMENTOFALL"
HERE = "127.0.0.1"


class Silent(Exception):
    """No answer came, which says nothing of what is offered."""


def observe(domains: Sequence[str], *, hsts: int | None, address: str = HERE, port: int = 443) -> Observed | None:
    """Everything a grade is made from, of the server of the first name; None where nobody answers over TLS.

    Also where somebody answers some questions and not others: what was not refused may be offered.
    """
    try:
        return _observe(domains, hsts, (address, port))
    except Silent:
        return None


def _observe(domains: Sequence[str], hsts: int | None, at: tuple[str, int]) -> Observed | None:
    host = domains[0]
    protocols = tuple(name for name in VERSIONS if _version_offered(at, host, name))
    if not protocols:
        return None
    suites = _suites(at, host, protocols)
    text = _certificate_text(at, host)
    if not text:
        raise Silent
    kind, bits = _key(text)
    untrusted, mismatched = "", ""
    for domain in domains:
        code, words = _verify(at, domain)
        mismatched = mismatched or (domain if code == MISMATCH else "")
        untrusted = untrusted or (words if code and code != MISMATCH else "")
    signed = re.search(r"Signature Algorithm: (\S+)", text)
    return Observed(
        protocols, suites, kind, bits, signed[1] if signed else "", untrusted, mismatched, hsts, _dh(at, host, suites)
    )


def certificate(host: str, address: str = HERE, port: int = 443) -> X509Info | None:
    """The certificate that is served for a name; None where none is."""
    return certificates.parse(_certificate_text((address, port), host))


def _suites(at: tuple[str, int], host: str, protocols: Sequence[str]) -> tuple[Suite, ...]:
    """Each suite that the server takes: it is asked without those that it has taken already, until it takes none."""
    found = []
    if "TLS 1.3" in protocols and (taken := _taken(at, _context("TLS 1.3"), host)):
        # The three that every OpenSSL offers; nginx's ssl_ciphers says nothing of them.
        found += [
            Suite(one["name"], one["strength_bits"], True, True)
            for one in _context("TLS 1.3").get_ciphers()
            if one["protocol"] == "TLSv1.3"
        ] or [Suite(taken, 128, True, True)]
    if protocols[0] == "TLS 1.3":
        return tuple(found)
    every = _context("TLS 1.0", "TLS 1.2", EVERYTHING)
    known = {one["name"]: one for one in every.get_ciphers() if one["protocol"] != "TLSv1.3"}
    while known:
        taken = _taken(at, _context("TLS 1.0", "TLS 1.2", ":".join(known)), host)
        if taken not in known:
            break
        one = known.pop(taken)
        forward = one["kea"] in ("kx-ecdhe", "kx-dhe")
        found.append(Suite(taken, one["strength_bits"], forward, bool(one["aead"])))
    return tuple(found)


def _context(lowest: str, highest: str | None = None, ciphers: str = "DEFAULT") -> ssl.SSLContext:
    """A client for these versions alone, that takes whatever it gets."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of asking for what nobody should offer any more
        context.minimum_version = ssl.TLSVersion[VERSIONS[lowest]]
        context.maximum_version = ssl.TLSVersion[VERSIONS[highest or lowest]]
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    return context


def _taken(at: tuple[str, int], context: ssl.SSLContext, host: str) -> str:
    """The suite that the server chose; "" where it refused. Raises Silent where it said neither."""
    import ssl

    for _ in range(ATTEMPTS):
        try:
            with (
                socket.create_connection(at, timeout=SECONDS) as plain,
                context.wrap_socket(plain, server_hostname=host) as connection,
            ):
                agreed = connection.cipher()
                return agreed[0] if agreed else ""
        except ssl.SSLEOFError:
            continue
        except ssl.SSLError:  # an alert: that is an answer
            return ""
        except OSError:
            continue
    raise Silent


def _version_offered(at: tuple[str, int], host: str, version: str) -> bool:
    ciphers = "DEFAULT" if version == "TLS 1.3" else EVERYTHING
    return bool(_taken(at, _context(version, None, ciphers), host))


def _verify(at: tuple[str, int], host: str) -> tuple[int, str]:
    """OpenSSL's number for what is wrong with the certificate, by the system's CAs, and its words; 0: nothing."""
    import ssl

    try:
        with (
            socket.create_connection(at, timeout=SECONDS) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=host),
        ):
            return 0, ""
    except ssl.SSLCertVerificationError as error:
        return error.verify_code, error.verify_message
    except OSError as error:
        return -1, f"no connection for {host} ({error.strerror or error})"


def _certificate_text(at: tuple[str, int], host: str) -> str:
    """What openssl says of the certificate that is served."""
    import ssl

    try:
        with (
            socket.create_connection(at, timeout=SECONDS) as plain,
            _context("TLS 1.0", "TLS 1.3").wrap_socket(plain, server_hostname=host) as connection,
        ):
            served = connection.getpeercert(binary_form=True)
    except OSError:
        return ""
    if served is None:
        return ""
    argv = ("openssl", "x509", *certificates.WORDS, "-text")
    return commands.run(argv, input=ssl.DER_cert_to_PEM_cert(served)).output


def _key(text: str) -> tuple[str, int]:
    """The kind of a certificate's key and its bits. Keys of 25519 say none: they are as strong as a curve of 256."""
    kind = re.search(r"Public Key Algorithm: (\S+)", text)
    bits = re.search(r"Public-Key: \((\d+) bit", text)
    return "RSA" if kind and kind[1].startswith("rsa") else "EC", int(bits[1]) if bits else 256


def _dh(at: tuple[str, int], host: str, suites: Sequence[Suite]) -> int | None:
    """The bits of the Diffie-Hellman parameters, where a suite uses some."""
    name = next((suite.name for suite in suites if suite.name.startswith("DHE-")), None)
    if name is None:
        return None
    where = ("-connect", f"{at[0]}:{at[1]}", "-servername", host)
    result = commands.run(
        ("openssl", "s_client", *where, "-tls1_2", "-cipher", f"{name}:@SECLEVEL=0"), input="", timeout=SECONDS
    )
    found = re.search(r"Temp Key: DH, (\d+) bits", result.output)
    if found is None:
        raise Silent
    return int(found[1])
