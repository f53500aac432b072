"""Find the code of a site's app: the commit to use and a folder to read it from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.git import git_command, git_errors
from piwizard.git.git_access import ANONYMOUS, GitAccess
from piwizard.system import bounded_command, files, paths


@dataclass(frozen=True)
class AppSource:
    """The code of a commit in the folder `tree`. `release`: set if it is deployed."""

    repo: str
    ref: str | None
    commit: str
    tree: Path
    release: Path | None


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
) -> AppSource:
    """Return the code to set up: the current release, else the newest commit.

    The current release counts if it is of this repository, or one of `also`, and of this branch. `pinned` is the commit
    of an earlier plan and takes precedence. PiwizardError names app.repo or app.branch if the code cannot be fetched.
    Fetches into the cache and changes nothing else; `fetch_newest` gets a new version.
    """
    deployed = next(filter(None, (_deployed_source(site, one, ref) for one in (repo, *also))), None)
    if deployed and pinned in (None, deployed.commit):
        return deployed
    cached = _cached_source(site, repo, ref)
    if cached and pinned == cached.commit:
        return cached
    return fetch_newest(site, repo, ref, access)


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
    folder = _cache_folder(site)
    if folder.exists():
        files.remove(folder)
    folder.mkdir(parents=True, mode=0o700)
    tree = folder / "tree"
    result = bounded_command.run(
        git_command.clone_command(repo, tree, ref, shallow=True), folder, env=git_command.git_environment(access)
    )
    if result is None:
        files.remove(folder)
        raise PiwizardError(
            f"app.repo: {repo} takes more than {bounded_command.MAX_BYTES >> 30} GB, "
            f"more than {bounded_command.MAX_FILES} files, "
            f"more than {bounded_command.MAX_SECONDS // 60} minutes, or more space than the disk has.",
            key="app.repo",
            hint="Remove what the app does not need from the repository, or free disk space.",
        )
    if not result.ok:
        raise git_errors.explain_failure(repo, ref, result.last_lines, access)
    commit = git_command.read_head(tree)
    files.replace(folder / "release.json", json.dumps({"repo": repo, "ref": ref, "commit": commit}).encode())
    return AppSource(repo, ref, commit, tree, None)


def _cache_folder(site: str) -> Path:
    return paths.cache_dir() / "sources" / site
