"""Describe what an undo removes and restores, from the journals, before it asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from piwizard.changes.base import Record
from piwizard.deploys.push_changes import PushAddress
from piwizard.engine.state import State
from piwizard.engine.undo_journal import Journal
from piwizard.steps.registry import STEPS, StepInstance, needed_by, step_named

MAX_PATHS = 4
"""Paths or names that are listed of one kind; the rest are counted."""


def describe_undo(backups: Path, steps: Iterable[tuple[str, str | None]]) -> list[str]:
    """Return lines such as "Files restored: /etc/nginx/nginx.conf" for these steps."""
    records = [
        record
        for step, site in steps
        for journal in Journal(backups, step, site).to_undo()
        for record in journal.records()
    ]
    return [
        f"  {title}: {_listed(names)}"
        for title, belongs in KINDS
        if (names := list(dict.fromkeys(record["target"] for record in records if belongs(record))))
    ]


def sites_going_offline(state: State, steps: Sequence[tuple[str, str | None]]) -> list[str]:
    """Return the sites that are served now, and need one of these steps for that."""
    found = []
    for name, site in sorted(state.steps(), key=str):
        served = next((step for step in STEPS if step.name == name and step.serves_site), None)
        entry = state.entry(name, site)
        if served is None or site is None or entry is None or entry.result != "done":
            continue
        chain = [served, *needed_by(served)]
        instances = [StepInstance(step, site if step.scope == "site" else None) for step in chain]
        if any((one.step.name, one.site) in steps for one in instances):
            found.append(site)
    return found


def find_dependents(state: State, instance: StepInstance) -> list[StepInstance]:
    """Return the steps that are done and need this one."""
    done = [
        StepInstance(step, site)
        for step in STEPS
        for name, site in sorted(state.steps(), key=str)
        if name == step.name and (entry := state.entry(name, site)) and entry.result == "done"
    ]
    return [one for one in done if depends_on(one, instance)]


def depends_on(one: StepInstance, instance: StepInstance) -> bool:
    """Return whether a step needs another one, directly or through other steps."""
    if instance.site is not None and one.site not in (instance.site, None):
        return False
    return any(
        name == instance.step.name or depends_on(StepInstance(step_named(name), one.site), instance)
        for name in one.step.needs
    )


def _is_new_file(record: Record) -> bool:
    return record["kind"] == "file" and not record["before"]["exists"]


def _is_restored_file(record: Record) -> bool:
    return record["kind"] == "file" and bool(record["before"]["exists"])


def _is_pushed_to(record: Record) -> bool:
    """Return whether a folder holds the repository that people push to: it may be the only copy of their work."""
    path = Path(record["target"])
    return record["kind"] == "folder" and path == PushAddress(path.parent.name).home


def _is_emptied_folder(record: Record) -> bool:
    before = record["before"]
    return record["kind"] == "folder" and before["whole"] and not before["existed"] and not _is_pushed_to(record)


def _is_left_folder(record: Record) -> bool:
    return record["kind"] == "folder" and not _is_emptied_folder(record) and not _is_pushed_to(record)


def _of_kind(*kinds: str) -> Callable[[Record], bool]:
    return lambda record: record["kind"] in kinds


KINDS: tuple[tuple[str, Callable[[Record], bool]], ...] = (
    ("Services stopped or restored", _of_kind("unit", "idle")),
    ("Files restored to their former content", _is_restored_file),
    ("Files removed", _is_new_file),
    ("Links removed or restored", _of_kind("link")),
    ("Repositories deleted, with every commit that was pushed to them", _is_pushed_to),
    ("Releases deleted, with their packages", _of_kind("environment", "checkout")),
    ("Folders deleted, with everything in them", _is_emptied_folder),
    ("Folders removed, if nothing else is in them", _is_left_folder),
    ("Certificates deleted", _of_kind("certificate")),
    ("Forwarded ports closed in the router", _of_kind("forward")),
    ("Address settings restored", _of_kind("address")),
    ("Firewall ports closed again", _of_kind("ufw")),
    ("Users removed", _of_kind("user")),
)
"""What the lines say of each kind of record. Packages stay unless the user asks for their removal."""


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_PATHS} more" if len(names) > MAX_PATHS else ""
    return f"{', '.join(names[:MAX_PATHS])}{more}"
