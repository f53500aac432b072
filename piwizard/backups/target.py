"""Name where backups go: a folder or drive, or a server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from piwizard.answers.validators import Invalid, text
from piwizard.system.lazy_dataclass import dataclass

TargetKind = Literal["folder", "sftp", "s3", "rest", "rclone"]

FOLDER = re.compile(r"/[\w.@+-][\w .@+-]*(?:/[\w.@+-][\w .@+-]*)*/?", re.ASCII)
HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::[0-9]{1,5})?"
PATH = r"[\w./@+-]*"
FORMS: dict[TargetKind, re.Pattern[str]] = {
    "sftp": re.compile(rf"sftp://[\w.-]{{1,64}}@{HOST}/{PATH}", re.ASCII),
    "s3": re.compile(rf"s3:https?://{HOST}/[\w.-]{{3,63}}(?:/{PATH})?", re.ASCII),
    "rest": re.compile(rf"rest:https?://{HOST}/{PATH}", re.ASCII),
    "rclone": re.compile(rf"rclone:[\w][\w .+@-]{{0,62}}:{PATH}", re.ASCII),
}
MUST = (
    "must be a folder (/mnt/usb/backup), sftp://USER@HOST/FOLDER, s3:https://HOST/BUCKET, rest:https://HOST/ or "
    "rclone:REMOTE:FOLDER, without a password"
)
OWN_FOLDERS = tuple(
    map(Path, ("/boot", "/dev", "/etc", "/opt", "/proc", "/root", "/run", "/srv", "/sys", "/tmp", "/usr", "/var"))
)
"""Folders of the system, of the sites, and of what a restart empties. Their subfolders are refused, too."""
SYSTEM = Path("/")
ALLOWED_BELOW = (Path("/srv/backup"), Path("/var/backups"))


@dataclass(frozen=True)
class Target:
    """A place for backups, as restic names it in `location`.

    `user` and `secret` are what its server asks for: of S3 the access key and its secret.
    """

    kind: TargetKind
    location: str
    user: str = ""
    secret: str = ""

    @property
    def folder(self) -> Path | None:
        """Return the folder on this machine; None for a server."""
        return Path(self.location) if self.kind == "folder" else None

    @property
    def on_system_disk(self) -> bool:
        """Return whether a folder is, or would be created, on the disk of the system."""
        folder = self.folder
        if folder is None:
            return False
        for one in (folder, *folder.parents):
            try:
                return one.stat().st_dev == SYSTEM.stat().st_dev
            except OSError:  # missing: its parent decides
                continue
        return True

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables by which restic gets the access."""
        if self.kind == "s3":
            return {"AWS_ACCESS_KEY_ID": self.user, "AWS_SECRET_ACCESS_KEY": self.secret}
        return {}

    @property
    def repository(self) -> str:
        """Return the address for restic, with the password of a REST server.

        Version 0.14 takes it only there. For restic's environment, never for an argument.
        """
        if self.kind != "rest" or not self.secret:
            return self.location
        scheme, _, rest = self.location.partition("://")
        return f"{scheme}://{quote(self.user, safe='')}:{quote(self.secret, safe='')}@{rest}"

    @property
    def asks_access(self) -> bool:
        """Return whether the server asks for a user and a secret."""
        return self.kind == "s3"

    @property
    def host(self) -> str:
        """Return the SSH host of an SFTP target; "" for others."""
        return self.location.removeprefix("sftp://").partition("/")[0] if self.kind == "sftp" else ""


def target_of(location: str, user: str = "", secret: str = "") -> Target:
    """Return the target of an accepted answer."""
    kind: TargetKind = next((one for one, form in FORMS.items() if form.fullmatch(location)), "folder")
    return Target(kind, location, user, secret)


def target_from(values: Mapping[str, Any], secrets: Mapping[str, str]) -> Target:
    """Return the target that the answers name."""
    return target_of(str(values["backup.target"]), values.get("backup.user", ""), secrets.get("backup.secret", ""))


def backup_target(value: Any) -> str:  # noqa: ANN401 — a validator
    """Accept the address of a place for backups."""
    given = text(value)
    if any(form.fullmatch(given) for form in FORMS.values()):
        if ".." in given:
            raise Invalid(MUST)
        return given
    if not FOLDER.fullmatch(given) or given.endswith(" ") or ".." in given or " /" in given:
        raise Invalid(MUST)
    folder = Path(given)
    if any(folder.is_relative_to(own) for own in OWN_FOLDERS) and not any(
        folder.is_relative_to(one) for one in ALLOWED_BELOW
    ):
        raise Invalid(f"must not be in {Path(*folder.parts[:2])}: use another disk, such as /mnt/usb/backup")
    return str(folder)
