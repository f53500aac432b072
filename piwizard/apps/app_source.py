"""The code of a site's app: which commit it is, and a folder where it can be read."""

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
    """`tree` holds the code at `commit`; `release` is where it is deployed already, None where it is not."""

    repo: str
    ref: str | None
    commit: str
    tree: Path
    release: Path | None


def site_folder(site: str) -> Path:
    """Everything of a site lies below this folder."""
    return paths.sites_dir() / site


def find_source(
    site: str, repo: str, ref: str | None, pinned: str | None = None, *, access: GitAccess = ANONYMOUS
) -> AppSource:
    """The source to set up: the release in use where it is of this repository and branch, else the newest commit.

    `pinned` is a commit that was looked at before, and wins. PiwizardError names app.repo or app.branch where
    the code is not to be had. Fetches into the cache, alters nothing else; see `newest` for a new version.
    """
    deployed = _deployed_source(site, repo, ref)
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
    """Fetches the newest commit of the branch into the cache; errors as in `find`."""
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
            f"more than {bounded_command.MAX_SECONDS // 60} minutes, or more room than the disk has.",
            key="app.repo",
            hint="Remove what the app does not need from the repository, or make room on the disk.",
        )
    if not result.ok:
        raise git_errors.explain_failure(repo, ref, result.last_words, access)
    commit = git_command.read_head(tree)
    files.replace(folder / "release.json", json.dumps({"repo": repo, "ref": ref, "commit": commit}).encode())
    return AppSource(repo, ref, commit, tree, None)


def _cache_folder(site: str) -> Path:
    return paths.cache_dir() / "sources" / site
