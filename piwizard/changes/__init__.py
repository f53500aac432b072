"""The kinds of change, one file each, and the way back for each kind of record."""

from __future__ import annotations

from collections.abc import Mapping

from piwizard.changes import (
    address,
    certificate,
    dhparam,
    file,
    folder,
    forward,
    group,
    idle,
    link,
    log_file,
    package,
    setup_record,
    swap,
    ufw,
    unit,
    user,
)
from piwizard.changes.base import Undo

UNDO: Mapping[str, Undo] = {
    "address": address.undo,
    "certificate": certificate.undo,
    "dhparam": dhparam.undo,
    "edited": file.undo_edited,
    "file": file.undo,
    "folder": folder.undo,
    "forward": forward.undo,
    "group": group.undo,
    "idle": idle.undo,
    "link": link.undo,
    "log": log_file.undo,
    "package": package.undo,
    "setup": setup_record.undo,
    "swap": swap.undo,
    "ufw": ufw.undo,
    "unit": unit.undo,
    "user": user.undo,
}
