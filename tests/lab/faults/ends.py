"""Read what a run leaves on a Pi, and compare two results."""

from __future__ import annotations

import json

from piwizard.changes import hand_edits, release_record
from piwizard.system.files import digest
from tests.lab import quickstart
from tests.lab.pi import Pi

End = dict[str, tuple[object, ...]]

# These differ between runs without faults, too.
VOLATILE = (
    "var/lib/piwizard/state.json",
    "journal.jsonl",
    "etc/machine-id",
    "etc/resolv.conf",
    "etc/NetworkManager",
    "etc/systemd/system/piwizard",
    "etc/ld.so.cache",
    "etc/.updated",
    "app/.git/index",
    "app/.git/logs/",
    "etc/letsencrypt/accounts/",
    "etc/letsencrypt/archive/",
    "etc/letsencrypt/csr/",
    "etc/letsencrypt/keys/",
    "etc/letsencrypt/renewal/",
    "etc/letsencrypt/.updated",
    "etc/piwizard/dhparam-",
    "var/lib/piwizard/attempts.json",
    "var/lib/piwizard/network/",
    "var/lib/piwizard/renewals/",
)


def secrets(pi: Pi) -> list[str]:
    """Return the secrets, generated or given, in their order."""
    kept = pi.files / "var/lib/piwizard/secrets.json"
    return [secret for own in json.loads(kept.read_text()).values() for secret in own.values()] if kept.exists() else []


def end(pi: Pi) -> End:
    """Return the files on the disk, without times.

    Values of one Pi only, such as secrets, are replaced.
    """
    own = {secret.encode(): b"SECRET" for secret in secrets(pi)} | {pi.address.encode(): b"ADDRESS"}
    left: End = {}
    for path, (kind, mode, uid, gid, _, digested) in quickstart.manifest(pi.files).items():
        if any(part in path for part in VOLATILE):
            continue
        whole, content = pi.files / path, digested
        if whole.name == "proven.json":  # the memory measured in a smoke test varies a little
            content = str(json.loads(whole.read_text())["argv"])
        elif path.startswith("srv/") and whole.name in (hand_edits.MANIFEST, release_record.RECORD):
            content = str(sorted(json.loads(whole.read_text())))  # the rest are times
        elif whole.is_file() and not whole.is_symlink():
            raw = whole.read_bytes()
            if any(part in raw for part in own):
                for part, instead in own.items():
                    raw = raw.replace(part, instead)
                content = digest(raw)
        left[path] = (kind, mode, uid, gid, content)
    packages = pi.run(("dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Abbrev}\n")).output
    left["packages"] = (packages,)
    left["users"] = (pi.read("/etc/passwd"),)
    return left


def differences(wanted: End, found: End) -> list[str]:
    """Return what differs from the expected result, one line each."""
    paths = sorted(wanted.keys() | found.keys())
    return [
        f"{path}: {wanted.get(path)} became {found.get(path)}" for path in paths if wanted.get(path) != found.get(path)
    ]
