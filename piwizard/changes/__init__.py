"""The kinds of change, one file each, and the way back for each kind of record."""

from __future__ import annotations

from collections.abc import Mapping

from piwizard.changes import (
    address,
    certificate,
    dh_parameters,
    disabled_unit,
    file,
    folder,
    forward,
    link,
    log_file,
    package,
    setup_record,
    swap,
    transaction,
    ufw_rule,
    unit,
    user,
)
from piwizard.changes.base import Undo

UNDO: Mapping[str, Undo] = {
    "address": address.undo,
    "certificate": certificate.undo,
    "dhparam": dh_parameters.undo,
    "edited": file.undo_edited,
    "file": file.undo,
    "folder": folder.undo,
    "forward": forward.undo,
    "group": transaction.undo,
    "idle": disabled_unit.undo,
    "link": link.undo,
    "log": log_file.undo,
    "package": package.undo,
    "setup": setup_record.undo,
    "swap": swap.undo,
    "ufw": ufw_rule.undo,
    "unit": unit.undo,
    "user": user.undo,
}
