"""Issue the simulated Internet's certificates for any requested name."""

from __future__ import annotations

import ssl
import threading
from pathlib import Path
from typing import Literal

from piwizard.system import commands
from tests.lab.cache import cached

Flaw = Literal["expired", "other-name", "untrusted"]

CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
SUBJECT = "/O=piwizard lab/CN=piwizard lab CA"
EXPIRED = ("-startdate", "20240101000000Z", "-enddate", "20240201000000Z")
# `openssl ca` can set any dates; not every release's `openssl x509` can.
SETTINGS = """\
[ca]
default_ca = lab
[lab]
new_certs_dir = {folder}
database = {folder}/index
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
copy_extensions = copy
default_days = 80
[any]
commonName = supplied
"""


class Authority:
    """The authority of all sessions, until it expires in the cache.

    A layer may trust it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = cached("authorities", "internet", "1", _make_authority)
        self.certificate = self.folder / "ca.pem"
        self._work = folder
        self._lock = threading.Lock()
        self._contexts: dict[tuple[str, Flaw | None], ssl.SSLContext] = {}
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def text(self) -> str:
        return self.certificate.read_text()

    def context(self, name: str, flaw: Flaw | None = None) -> ssl.SSLContext:
        """Return a server's TLS context with a valid or flawed certificate for `name`."""
        with self._lock:
            if (name, flaw) not in self._contexts:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(*self.issue(name, flaw))
                self._contexts[name, flaw] = context
            return self._contexts[name, flaw]

    def issue(self, name: str, flaw: Flaw | None = None) -> tuple[Path, Path]:
        """Return the files of a certificate for a name, and of its key."""
        folder = self._work / f"{name}-{flaw}"
        folder.mkdir(exist_ok=True)
        signer = self.folder
        if flaw == "untrusted":
            signer = folder / "stranger"
            _make_authority(signer)
        certificate, key, request = folder / "certificate.pem", folder / "key.pem", folder / "request.pem"
        named = "elsewhere.example" if flaw == "other-name" else name
        names = f"subjectAltName=DNS:{named}"
        # A common name has at most 64 characters.
        asked = ("-subj", f"/CN={named[:64]}", "-addext", names, "-keyout", str(key), "-out", str(request))
        _openssl("req", "-new", *CURVE, *asked)
        (folder / "index").touch()
        (folder / "ca.conf").write_text(SETTINGS.format(folder=folder))
        by = ("-cert", str(signer / "ca.pem"), "-keyfile", str(signer / "ca.key"))
        dates = EXPIRED if flaw == "expired" else ()
        files = ("-in", str(request), "-out", str(certificate), "-notext")
        _openssl("ca", "-batch", "-config", str(folder / "ca.conf"), *by, *files, *dates)
        return certificate, key


def _make_authority(folder: Path) -> None:
    folder.mkdir(parents=True)
    may = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    files = ("-keyout", str(folder / "ca.key"), "-out", str(folder / "ca.pem"))
    _openssl("req", "-x509", *CURVE, "-days", "90", "-subj", SUBJECT, *may, *files)
    (folder / "ca.key").chmod(0o600)


def _openssl(*argv: str) -> None:
    result = commands.run(("openssl", *argv))
    assert result.ok, f"openssl {argv[0]}: {result.errors}"
