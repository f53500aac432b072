"""Allow Diffie-Hellman parameters of few bits, generated in seconds.

Every TLS server refuses them by default.
"""

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
    """Make OpenSSL on a Pi accept them."""
    pi.run(("mv", "/etc/ssl/openssl.cnf", "/etc/ssl/openssl.cnf.before"))
    pi.write("/etc/ssl/openssl.cnf", LEVEL)
