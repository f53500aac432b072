"""Create test certificates in the layout of certbot."""

from __future__ import annotations

import subprocess

import pytest

CONF = """# renew_before_expiry = 30 days
version = 2.1.0
archive_dir = /etc/letsencrypt/archive/{name}

# Options used in the renewal process
[renewalparams]
account = af63ae4dee7efb45be732c4a177fc1a5
server = {server}
authenticator = webroot
webroot_path = /var/lib/letsencrypt,
key_type = ecdsa
"""
SERVER = "https://acme-v02.api.letsencrypt.org/directory"


@pytest.fixture
def letsencrypt(tmp_path):
    """Create certificates in a folder like /etc/letsencrypt; return the function."""
    root = tmp_path / "letsencrypt"
    (root / "renewal").mkdir(parents=True)

    def made(name, *domains, days=90, server=SERVER, conf=CONF):
        live = root / "live" / name
        live.mkdir(parents=True)
        names = ",".join(f"DNS:{domain}" for domain in domains)
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        out = ("-keyout", live / "privkey.pem", "-out", live / "fullchain.pem")
        subject = ("-subj", f"/CN={domains[0]}", "-addext", f"subjectAltName={names}", "-days", str(days))
        subprocess.run(["openssl", "req", "-x509", *key, *subject, *out], check=True, capture_output=True)
        (root / "renewal" / f"{name}.conf").write_text(conf.format(name=name, server=server))
        return root

    return made
