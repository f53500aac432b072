"""Diffie-Hellman parameters of few bits: found in seconds, and refused by every server with TLS without this."""

from __future__ import annotations

from tests.lab.pi import Pi

LEVEL = """\
openssl_conf = settings
[settings]
ssl_conf = ssl
[ssl]
system_default = all
[all]
CipherString = DEFAULT:@SECLEVEL=0
"""


def allow(pi: Pi) -> None:
    """Has OpenSSL on a Pi take them."""
    pi.run(("mv", "/etc/ssl/openssl.cnf", "/etc/ssl/openssl.cnf.before"))
    pi.write("/etc/ssl/openssl.cnf", LEVEL)
