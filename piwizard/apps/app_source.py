"""Find the code of a site's app: the commit to use and a folder to read it from."""

from __future__ import annotations

import errno
import json
from collections.abc import Sequence
from pathlib import Path

from piwizard.apps import rollback_pin
from piwizard.apps.rollback_pin import RollbackPin
from piwizard.errors import PiwizardError
from piwizard.git import git_command, git_errors
from piwizard.git.git_access import ANONYMOUS, GitAccess
from piwizard.git.local_submodules import fetch_submodules, has_submodules
from piwizard.git.server_git import ServerGit, git_for
from piwizard.system import bounded_command, file_lock, files, paths
from piwizard.system.commands import Result
from piwizard.system.lazy_dataclass import dataclass

MAX_WAIT_SECONDS = bounded_command.MAX_SECONDS + 60.0
"""Seconds to wait for another process that fetches the same code."""


@dataclass(frozen=True)
class AppSource:
    """The code of a commit in the folder `tree`.

    `release`: set if it is deployed, or rolled back to. `kept`: it was rolled back to, and is used as it was built.
    `pin`: what keeps the site there then.
    """

    repo: str
    ref: str | None
    commit: str
    tree: Path
    release: Path | None
    kept: bool = False
    pin: RollbackPin | None = None


@dataclass(frozen=True)
class PinnedCommit:
    """The commit that a plan was made from.

    `in_use` is the release that the site used then, "" if there was none.
    """

    commit: str
    in_use: str = ""

    def outdated(self, site: str) -> bool:
        """Return whether the site uses another release since the plan was made."""
        return self.in_use != rollback_pin.current_release(site)


def site_folder(site: str) -> Path:
    """Return the folder that holds everything of a site."""
    return paths.sites_dir() / site


def find_source(
    site: str,
    repo: str,
    ref: str | None,
    pinned: str | None = None,
    *,
    access: GitAccess = ANONYMOUS,
    also: tuple[str, ...] = (),
    rollback: str | None = None,
) -> AppSource:
    """Return the code to set up: the current release, else the newest commit.

    The current release counts if it is of this repository, or one of `also`, and of this branch, or was rolled back to.
    `pinned` is the commit of an earlier plan and takes precedence: the result is never another one. `rollback` is the
    name of the release to use instead. PiwizardError names app.repo or app.branch if the code cannot be fetched.
    Fetches into the cache and changes nothing else; `fetch_newest` gets a new version.
    """
    if rollback:
        return _rolled_back_source(site, rollback, rollback_pin.pin_for(site, rollback, repo, ref))
    pin = rollback_pin.read_pin(site)
    if pin and (pin.repo, pin.ref) == (repo, ref):
        deployed: AppSource | None = _rolled_back_source(site, pin.release, pin)
    else:
        deployed = next(filter(None, (_deployed_source(site, one, ref) for one in (repo, *also))), None)
    if deployed and pinned in (None, deployed.commit):
        return deployed
    cached = _cached_source(site, repo, ref)
    if cached and pinned == cached.commit:
        return cached
    return _fetch(site, repo, ref, access, pinned)


def _rolled_back_source(site: str, name: str, pin: RollbackPin | None) -> AppSource:
    """Return the code of an earlier release, whatever repository and branch it is of."""
    release = site_folder(site) / "releases" / name
    content = files.read(release / "release.json")
    if content is None or not (release / "app").is_dir():
        raise PiwizardError(
            f"The release {name} of {site} is not complete any more.",
            hint=f"`piwizard releases {site}` lists the others.",
        )
    noted = json.loads(content)
    return AppSource(noted["repo"], noted["ref"], noted["commit"], release / "app", release, kept=True, pin=pin)


def _deployed_source(site: str, repo: str, ref: str | None) -> AppSource | None:
    release = (site_folder(site) / "current").resolve()
    return _noted_source(release, release / "app", repo, ref, release)


def _cached_source(site: str, repo: str, ref: str | None) -> AppSource | None:
    folder = _cache_folder(site)
    return _noted_source(folder, folder / "tree", repo, ref, None)


def _noted_source(folder: Path, tree: Path, repo: str, ref: str | None, release: Path | None) -> AppSource | None:
    content = files.read(folder / "release.json")
    if content is None or not tree.is_dir():
        return None
    noted = json.loads(content)
    if (noted["repo"], noted["ref"]) != (repo, ref):
        return None
    return AppSource(repo, ref, noted["commit"], tree, release)


def fetch_newest(site: str, repo: str, ref: str | None, access: GitAccess = ANONYMOUS) -> AppSource:
    """Fetch the newest commit of the branch. Errors as in `find_source`."""
    return _fetch(site, repo, ref, access, None)


def _fetch(site: str, repo: str, ref: str | None, access: GitAccess, commit: str | None) -> AppSource:
    """Fetch a commit of the branch, or its newest one.

    Only one process fetches at a time, and the code that was fetched before stays until the next time: another process
    may be reading it.
    """
    folder = _cache_folder(site)
    with file_lock.exclusive(folder, MAX_WAIT_SECONDS, temporary=True):
        fetched = folder.with_name(f".{folder.name}")
        files.remove(fetched)
        files.remove(folder / "before")
        fetched.mkdir(parents=True, mode=0o700)
        try:
            noted = _clone(fetched, repo, ref, access, commit)
            folder.mkdir(mode=0o700, exist_ok=True)
            files.remove(folder / "release.json")
            _move_away(folder / "tree", folder / "before")
            (fetched / "tree").rename(folder / "tree")
            files.replace(folder / "release.json", json.dumps(noted).encode())
        finally:
            files.remove(fetched)
    return AppSource(repo, ref, str(noted["commit"]), folder / "tree", None)


def _move_away(tree: Path, to: Path) -> None:
    try:
        tree.rename(to)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno != errno.EXDEV:  # on an overlay, folders of the lower layer cannot be renamed
            raise
        files.remove(tree)


def _clone(folder: Path, repo: str, ref: str | None, access: GitAccess, wanted: str | None) -> dict[str, str | None]:
    """Clone into `tree` in a folder, check out a commit, if one is wanted, and return what is noted of the code."""
    tree = folder / "tree"
    tree.mkdir()
    with git_for(access) as git:
        git.let_enter(folder)
        git.lend_folder(tree)
        clone = git.argv(git_command.clone_command(repo, tree, ref, shallow=wanted is None))
        result = bounded_command.run(clone, folder, env=git.env)
        if wanted and result and result.ok:
            checkout = git.argv(git_command.checkout_command(tree, wanted))
            result = bounded_command.run(checkout, folder, env=git.env)
            if result and not result.ok:
                raise git_errors.commit_missing(repo, wanted)
        noted = {"repo": repo, "ref": ref, "commit": None, "subject": None}
        if result and result.ok:
            noted |= {"commit": git.read_head(tree), "subject": git.read_subject(tree)}
        if result and result.ok and has_submodules(access, tree):  # root's git does not run in this tree afterwards
            result = fetch_submodules(access, tree, lambda own, argv: _run_in(folder, own, argv))
        if result is None:
            raise PiwizardError(
                f"app.repo: {repo} takes more than {bounded_command.MAX_BYTES >> 30} GB, "
                f"more than {bounded_command.MAX_FILES} files, "
                f"more than {bounded_command.MAX_SECONDS // 60} minutes, or more space than the disk has.",
                key="app.repo",
                hint="Remove what the app does not need from the repository, or free disk space.",
            )
        if not result.ok:
            raise git_errors.explain_failure(repo, ref, result.last_lines, access)
        git.take_back(tree)
        git.close_folder(folder)
    return noted


def _run_in(folder: Path, git: ServerGit, argv: Sequence[str]) -> Result | None:
    git.let_enter(folder)
    result = bounded_command.run(git.argv(argv), folder, env=git.env)
    git.close_folder(folder)
    return result


def _cache_folder(site: str) -> Path:
    return paths.cache_dir() / "sources" / site
