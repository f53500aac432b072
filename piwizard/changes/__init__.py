"""Import the kinds of change, and map kinds of records to undo functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from piwizard.changes import (
    address,
    apt,
    certificate,
    dh_parameters,
    file,
    folder,
    forward,
    hand_edits,
    interface,
    link,
    log_file,
    network_rules,
    setup_record,
    swap,
    systemd_unit,
    transaction,
    user,
)
from piwizard.changes.base import Record, Undo

UNDO: Mapping[str, Undo] = {
    "address": address.undo,
    "certificate": certificate.undo,
    "dhparam": dh_parameters.undo,
    "edited": file.undo_edited,
    "file": file.undo,
    "folder": folder.undo,
    "forward": forward.undo,
    "group": transaction.undo,
    "hand-edits": hand_edits.undo,
    "idle": systemd_unit.undo_disabled,
    "interface": interface.undo,
    "link": link.undo,
    "log": log_file.undo,
    "package": apt.undo,
    "setup": setup_record.undo,
    "swap": swap.undo,
    "ufw": network_rules.undo,
    "unit": systemd_unit.undo,
    "user": user.undo,
}
OBSOLETE: Mapping[str, Callable[[Record], bool]] = {hand_edits.HandEditsKept.kind: hand_edits.is_obsolete}
"""For the kinds of records that each deploy adds: whether undo no longer needs one."""
