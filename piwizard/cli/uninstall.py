"""What is no longer wanted: a site, of which everything goes and nothing of another, or all that piwizard did.

What a person has made goes only after a yes that names it: the data of an app, with its folder, files and size.
"""

from __future__ import annotations

import pwd
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from piwizard.changes import package_removal
from piwizard.changes.base import Record
from piwizard.cli import output
from piwizard.cli.apply import watch
from piwizard.engine import run_launch
from piwizard.engine.leftovers import Remains
from piwizard.engine.undo_journal import Journal, journaled
from piwizard.errors import PiwizardError
from piwizard.git import deploy_key
from piwizard.setup import workspace
from piwizard.setup.answer_store import AnswerStore
from piwizard.steps.registry import DATA_STEP, STEPS
from piwizard.system import app_data, console, files, paths
from piwizard.system.app_data import Contents

LISTED = 8
"""Names of what is left in a folder that are printed."""


def remove(site: str, *, keep_data: bool, yes: bool, as_json: bool) -> int:
    """Undoes every step of a site, last first, then forgets its answers and secrets. Returns the exit code.

    `keep_data` leaves what the app has written in /srv/SITE/data, the user that owns it, and the site's secrets and
    key, which that data may be of no use without. Works from the journals alone where there are no answers.
    """
    run_launch.require_systemd()
    run_launch.require_free()
    data = _data_of(site)
    if not yes:
        keep_data = _agree_to_remove(site, data, keep_data=keep_data, ask=not as_json and sys.stdin.isatty())
    going = _require_deletable([data] if data and not keep_data else [])
    _announce(going, as_json=as_json)
    made = _made(site)
    steps = tuple((step.name, site) for step in reversed(STEPS) if step.scope == "site")
    code = watch(run_launch.start(run_launch.RunRequest("undo", steps, wipe=(site,) if going else ())), as_json=as_json)
    if code == 0:
        _forget_downloads(site)
        if not keep_data:
            files.remove(deploy_key.folder(site))
        AnswerStore().remove_site(site, keep_secrets=keep_data)
        left = [*_left(made), *_user_of(site)]
        if as_json:
            output.dump({"event": "removed", "site": site, "left": left})
        else:
            console.say(
                f"The site {site} is removed. {'Left: ' + '; '.join(left) if left else 'Nothing of it is left'}."
            )
    return code


def _data_of(site: str) -> Contents | None:
    """What the app of a site has written. PiwizardError where neither answers nor journals know of such a site."""
    backups = workspace.backups_dir()
    known = journaled(backups) | workspace.state().steps() | Remains(backups).places()
    sites = dict.fromkeys((*workspace.planner(None).answers.sites, *sorted(name for _, name in known if name)))
    if site not in sites:
        raise PiwizardError(f"There is no site {site} (there is: {', '.join(sites) or 'none yet'}).", key="site.name")
    # What lies there without the step ever having been begun is somebody else's.
    return app_data.of(site) if (DATA_STEP, site) in known else None


def _agree_to_remove(site: str, data: Contents | None, *, keep_data: bool, ask: bool) -> bool:
    """Whether the data is kept. PiwizardError where the person says no, or nobody is there to say yes."""
    if ask:
        secrets = "and answers" if keep_data else "answers and secrets"
        console.confirm(f"Remove the site {site}: its code, service, server block, {secrets}?")
        return keep_data or bool(data and data.any and not console.agreed(f"Delete also {data}?"))
    if not keep_data:
        there = f", including {data}" if data else ""
        raise PiwizardError(
            f"Nobody can be asked here whether the site {site} is to be removed{there}. Nothing was altered.",
            hint=f"`piwizard remove {site} --yes` deletes everything, also the data. `--keep-data` keeps the data.",
        )
    return True


def undo_all(*, packages: bool, data: bool, yes: bool, as_json: bool) -> int:
    """Takes back every step of every site, last first, from the journals alone. Returns the exit code.

    The answers stay, and so do `packages` that were brought and `data` of the apps, unless somebody says otherwise.
    """
    run_launch.require_systemd()
    run_launch.require_free()
    backups = workspace.backups_dir()
    known = journaled(backups) | workspace.state().steps()
    if data:
        known |= Remains(backups).places()  # what an earlier undo has kept
    sites = sorted({site for _, site in known if site is not None})
    there = package_removal.still_there(_noted(backups))
    steps: list[tuple[str, str | None]] = [
        (step.name, site) for site in sites for step in reversed(STEPS) if (step.name, site) in known
    ]
    steps += [(step.name, None) for step in reversed(STEPS) if step.scope == "machine" and (step.name, None) in known]
    if not steps and not (packages and there):
        console.warn("piwizard has altered nothing, so there is nothing to undo.")
        return 0
    ask = not yes and not as_json and sys.stdin.isatty()
    holding = {site: app_data.of(site) for step, site in steps if step == DATA_STEP and site}
    written = {site: found for site, found in holding.items() if found and found.any}
    going = written if data else {}
    if going and not yes and not ask:
        raise PiwizardError(
            f"`--data` would delete {_all(going.values())}, and nobody can be asked here. Nothing was altered.",
            hint="With `--yes` it is deleted; without `--data` it stays.",
        )
    if ask:
        console.confirm(
            f"Take back {', '.join(f'{step} of {site}' if site else step for step, site in steps) or 'the rest'}?"
        )
        going = {site: one for site, one in written.items() if console.agreed(f"Delete also {one}?")}
        question = f"Remove also the Debian packages that piwizard has brought ({', '.join(there)})?"
        # Which of them somebody else needs can be told only when what piwizard made of them is gone.
        packages = packages or bool(there and console.agreed(question))
    _announce(_require_deletable([*going.values()]), as_json=as_json)
    first = (STEPS[0].name, None)
    if packages and first not in steps:
        steps.append(first)  # packages go with what is undone last
    wanted = run_launch.RunRequest("undo", tuple(steps), wipe=tuple(going), packages=packages)
    code = watch(run_launch.start(wanted), as_json=as_json)
    if code == 0:
        for site in sites:
            _forget_downloads(site)
    return code


def _all(going: Iterable[Contents]) -> str:
    return " and ".join(str(one) for one in going)


def _require_deletable(going: Sequence[Contents]) -> Sequence[Contents]:
    """PiwizardError before anything is altered, where a deletion would go further than the folder that was named."""
    for one in going:
        app_data.require_one_file_system(one.folder)
    return going


def _announce(going: Sequence[Contents], *, as_json: bool) -> None:
    """What will be deleted for ever, before it is."""
    if as_json and going:
        output.dump({"event": "deleting", "data": [one.as_json() for one in going]})
    elif going:
        console.say(f"Deletes {_all(going)}.")


def _made(site: str) -> list[Path]:
    """The files, links and folders that the steps of a site have made where nothing was before."""
    backups = workspace.backups_dir()
    records = [record for step in STEPS for record in Journal(backups, step.name, site).records()]
    records += Remains(backups).of(DATA_STEP, site)
    targets = [Path(one["target"]) for one in records if _was_nothing(one)]
    return list(dict.fromkeys([paths.sites_dir() / site, *targets]))


def _was_nothing(record: Record) -> bool:
    before = record.get("before", {})
    match record["kind"]:
        case "file":
            return not before["exists"]
        case "folder":
            return not before["existed"]
        case "link":
            return before["target"] is None
    return False


def _left(candidates: Iterable[Path]) -> list[str]:
    """Those that are there all the same, the outermost folders only, each with what is in it."""
    there = [path for path in candidates if path.is_symlink() or path.exists()]
    outermost = [path for path in there if not any(other in path.parents for other in there)]
    return [_named(path) for path in outermost]


def _named(path: Path) -> str:
    if path.is_symlink() or not path.is_dir():
        return str(path)
    names = sorted(one.name for one in path.iterdir())
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    data = app_data.measure(path / "data")
    shown = [str(data) if name == "data" and data else name for name in names[:LISTED]]
    return f"{path} with {', '.join(shown)}{more}" if names else f"{path}, which is empty"


def _user_of(site: str) -> list[str]:
    """The user of a site, where it is there still."""
    try:
        home = pwd.getpwnam(site).pw_dir
    except KeyError:
        return []
    return [f"the user {site}"] if home == str(paths.sites_dir() / site) else []


def _noted(backups: Path) -> list[Record]:
    """What all journals say of packages."""
    records = [record for step, site in journaled(backups) for record in Journal(backups, step, site).records()]
    return [record for record in records if record["kind"] == "package"]


def _forget_downloads(site: str) -> None:
    for kind in ("sources", "analyses", "build", "hosts"):
        files.remove(paths.cache_dir() / kind / site)
