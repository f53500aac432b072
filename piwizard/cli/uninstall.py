"""Remove a site, or undo everything that piwizard did.

The data of an app is deleted only after a confirmation that names its folder, number of files and size.
"""

from __future__ import annotations

import pwd
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from piwizard.changes.base import Record
from piwizard.cli import output
from piwizard.cli.apply import watch_run
from piwizard.cli.undo import announce_undo
from piwizard.engine import run_launch
from piwizard.engine.leftovers import Leftovers
from piwizard.engine.undo_journal import Journal
from piwizard.errors import PiwizardError
from piwizard.setup import full_undo, removal, workspace
from piwizard.steps.registry import DATA_STEP, STEPS
from piwizard.system import app_data, console, paths
from piwizard.system.app_data import Contents

MAX_LISTED_NAMES = 8
"""Names printed of the files that are left in a folder."""


def remove_site(site: str, *, keep_data: bool, yes: bool, as_json: bool) -> int:
    """Undo every step of a site, then delete its answers and secrets.

    Return the exit code.
    `keep_data` keeps /srv/SITE/data, the user that owns it, and the site's secrets and deploy key, since the data may
    be useless without them. Without answers, the journals are enough.
    """
    run_launch.require_systemd()
    run_launch.require_free()
    data = removal.find_data(site)
    if not yes:
        keep_data = _confirm_removal(site, data, keep_data=keep_data, ask=not as_json and sys.stdin.isatty())
    deleted = _require_deletable([data] if data and not keep_data else [])
    _announce_deletion(deleted, as_json=as_json)
    created = _list_created_paths(site)
    run = removal.start_removal(site, wipe=bool(deleted), keep_secrets=keep_data)
    code = watch_run(run, as_json=as_json)
    if code == 0:
        left = [*_describe_leftovers(created), *_find_user(site)]
        if as_json:
            output.dump({"event": "removed", "site": site, "left": left})
        else:
            remaining = f"Still there: {'; '.join(left)}" if left else "Nothing of it is left"
            console.say(f"Site {site} removed. {remaining}.")
    return code


def _confirm_removal(site: str, data: Contents | None, *, keep_data: bool, ask: bool) -> bool:
    """Return whether the data is kept. Raise PiwizardError if the user declines or cannot be asked."""
    if ask:
        steps = [(step, name) for step, name in sorted(workspace.state().steps(), key=str) if name == site]
        announce_undo(f"Removing {site} means:", steps)
        secrets = "and answers" if keep_data else "answers and secrets"
        console.confirm(f"Remove the site {site}: its code, service, server block, {secrets}?")
        return keep_data or bool(data and data.any and not console.agreed(f"Also delete {data}?"))
    if not keep_data:
        included = f", including {data}" if data else ""
        raise PiwizardError(
            f"Removing the site {site}{included} needs your confirmation, but there is no terminal. "
            "Nothing was changed.",
            hint=f"`piwizard remove {site} --yes` deletes all of it, including the data; `--keep-data` keeps the data.",
        )
    return True


def undo_all(*, packages: bool, data: bool, yes: bool, as_json: bool) -> int:
    """Undo every step of every site in reverse order, from the journals alone.

    Return the exit code.
    Answers are kept. `packages` that piwizard installed and the `data` of apps are kept unless the user says otherwise.
    """
    run_launch.require_systemd()
    run_launch.require_free()
    preview = full_undo.preview_full_undo(kept_data=data)
    if not preview.steps and not (packages and preview.packages):
        console.warn("piwizard has not changed anything, so there is nothing to undo.")
        return 0
    ask = not yes and not as_json and sys.stdin.isatty()
    deleted = dict(preview.data) if data else {}
    if deleted and not yes and not ask:
        raise PiwizardError(
            f"`--data` deletes {_join(deleted.values())}, and there is no terminal to ask you for confirmation. "
            "Nothing was changed.",
            hint="Add `--yes` to delete the data, or omit `--data` to keep it.",
        )
    if ask:
        announce_undo("Undoing everything means:", preview.steps)
        console.confirm(f"Undo {', '.join(preview.names) or 'the rest'}?")
        deleted = {site: one for site, one in preview.data.items() if console.agreed(f"Also delete {one}?")}
        question = f"Also remove the Debian packages that piwizard installed ({', '.join(preview.packages)})?"
        # Which of them other programs need is known only after the steps are undone.
        packages = packages or bool(preview.packages and console.agreed(question))
    _announce_deletion(_require_deletable([*deleted.values()]), as_json=as_json)
    return watch_run(full_undo.start_full_undo(preview, wipe=tuple(deleted), packages=packages), as_json=as_json)


def _join(contents: Iterable[Contents]) -> str:
    return " and ".join(str(one) for one in contents)


def _require_deletable(contents: Sequence[Contents]) -> Sequence[Contents]:
    """Raise PiwizardError before any change if a deletion would reach another file system."""
    for one in contents:
        app_data.require_one_file_system(one.folder)
    return contents


def _announce_deletion(contents: Sequence[Contents], *, as_json: bool) -> None:
    """Print what will be deleted permanently."""
    if as_json and contents:
        output.dump({"event": "deleting", "data": [one.as_json() for one in contents]})
    elif contents:
        console.say(f"Deleting {_join(contents)}.")


def _list_created_paths(site: str) -> list[Path]:
    """Return the files, links and folders that the steps of a site created where nothing existed before."""
    backups = workspace.backups_dir()
    records = [record for step in STEPS for record in Journal(backups, step.name, site).records()]
    records += Leftovers(backups).of(DATA_STEP, site)
    targets = [Path(one["target"]) for one in records if _created_its_target(one)]
    return list(dict.fromkeys([paths.sites_dir() / site, *targets]))


def _created_its_target(record: Record) -> bool:
    before = record.get("before", {})
    match record["kind"]:
        case "file":
            return not before["exists"]
        case "folder":
            return not before["existed"]
        case "link":
            return before["target"] is None
    return False


def _describe_leftovers(candidates: Iterable[Path]) -> list[str]:
    """Describe those paths that still exist: only the outermost folders, each with its contents."""
    existing = [path for path in candidates if path.is_symlink() or path.exists()]
    outermost = [path for path in existing if not any(other in path.parents for other in existing)]
    return [_describe_path(path) for path in outermost]


def _describe_path(path: Path) -> str:
    if path.is_symlink() or not path.is_dir():
        return str(path)
    names = sorted(one.name for one in path.iterdir())
    more = f" and {len(names) - MAX_LISTED_NAMES} more" if len(names) > MAX_LISTED_NAMES else ""
    data = app_data.measure_folder(path / "data")
    shown = [str(data) if name == "data" and data else name for name in names[:MAX_LISTED_NAMES]]
    return f"{path} with {', '.join(shown)}{more}" if names else f"{path}, which is empty"


def _find_user(site: str) -> list[str]:
    """Return the system user of a site if it still exists."""
    try:
        home = pwd.getpwnam(site).pw_dir
    except KeyError:
        return []
    return [f"the user {site}"] if home == str(paths.sites_dir() / site) else []
