"""Read the first line of a commit's message, without a checkout of it."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from piwizard.git.git_access import GitAccess
from piwizard.git.server_git import git_for
from piwizard.system import bounded_command, files, paths, printable

MAX_SUBJECT = 100
LEFTOVER_SECONDS = 86400.0
"""No fetch takes that long."""


def fetched_subject(site: str, commit: str) -> str:
    """Return the subject of a commit, if the fetched code of the site is of it.

    `commit` may be abbreviated.
    """
    content = files.read(paths.cache_dir() / "sources" / site / "release.json")
    fetched = json.loads(content) if content else {}
    if not commit or not str(fetched.get("commit", "")).startswith(commit):
        return ""
    return printable.line(str(fetched.get("subject", "")), MAX_SUBJECT)


def fetch_subject(access: GitAccess, ref: str | None) -> str:
    """Fetch the newest commit of a branch without its files, and return its subject.

    It is "" if it cannot be fetched. Limited in bytes and time; keeps nothing.
    """
    root = paths.cache_dir() / "subjects"
    files.make_owned_folder(root, 0o711, (0, 0))  # git, without root's rights, enters its own folder there
    _remove_leftovers(root)
    with tempfile.TemporaryDirectory(dir=root) as place, git_for(access) as git:
        bare = Path(place) / "repository"
        git.lend_folder(Path(place))
        branch = ("--branch", ref) if ref else ()
        argv = (
            "git", "clone", "--quiet", "--bare", "--depth=1", "--filter=tree:0", "--no-tags", *branch, "--",
            access.repo, str(bare),
        )  # fmt: skip
        result = bounded_command.run(git.argv(argv), Path(place), env=git.env)
        return git.read_subject(bare) if result is not None and result.ok else ""


def _remove_leftovers(root: Path) -> None:
    """Remove what a power cut has left in the folder."""
    for folder in root.iterdir():
        if time.time() - folder.stat().st_mtime > LEFTOVER_SECONDS:
            files.remove(folder)
