"""Provide the lab's git server, at git://git.lan/NAME.git on the laptop."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from piwizard.system import commands
from tests.lab.network import LAPTOP, HomeNetwork

AUTHOR = {"GIT_AUTHOR_NAME": "Alex", "GIT_AUTHOR_EMAIL": "alex@example.org"}
COMMITTER = {"GIT_COMMITTER_NAME": "Alex", "GIT_COMMITTER_EMAIL": "alex@example.org"}
DATES = {"GIT_AUTHOR_DATE": "2026-11-01T12:00:00Z", "GIT_COMMITTER_DATE": "2026-11-01T12:00:00Z"}
"""Constant, as layers need it: the first commit of the same files has the same hash in every session."""


class GitServer:
    """Serves every repository made with `commit`."""

    def __init__(self, network: HomeNetwork, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True)
        options = ("--export-all", "--reuseaddr", f"--listen={LAPTOP}", f"--base-path={folder}")
        # Its own user's git trusts the folder.
        network.serve(network.laptop, "git", "daemon", *options, str(folder))

    def url(self, name: str) -> str:
        return f"git://git.lan/{name}.git"

    def start_over(self, name: str, files: Mapping[str, str | bytes | None]) -> str:
        """Replace a repository by a single commit of these files; return the commit."""
        for folder in self._work(name), self._bare(name):
            shutil.rmtree(folder, ignore_errors=True)
        return self.commit(name, files)

    def _work(self, name: str) -> Path:
        return self._folder / f"{name}.work"

    def _bare(self, name: str) -> Path:
        return self._folder / f"{name}.git"

    def commit(
        self,
        name: str,
        files: Mapping[str, str | bytes | None],
        *,
        branch: str = "main",
        links: Mapping[str, str] | None = None,
        module: str | None = None,
    ) -> str:
        """Commit files to a repository, created if missing; return the commit.

        None removes a file. `links` are symlinks with their targets; `module` is the address of a submodule, valid or
        not.
        """
        work, bare = self._work(name), self._bare(name)
        if not bare.exists():
            self._git("init", "--quiet", "--bare", f"--initial-branch={branch}", str(bare))
            self._git("clone", "--quiet", str(bare), str(work))
        self._git("-C", str(work), "checkout", "--quiet", "-B", branch)
        for path, content in files.items():
            file = work / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                file.unlink()
            else:
                file.write_bytes(content.encode() if isinstance(content, str) else content)
        for path, target in (links or {}).items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).unlink(missing_ok=True)
            (work / path).symlink_to(target)
        self._git("-C", str(work), "add", "--all", "--force")
        if module is not None:
            (work / ".gitmodules").write_text(f'[submodule "sub"]\n\tpath = sub\n\turl = {module}\n')
            self._git("-C", str(work), "add", ".gitmodules")
            self._git("-C", str(work), "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
        self._git("-C", str(work), "commit", "--quiet", "--allow-empty", "--message=A version")
        self._git("-C", str(work), "push", "--quiet", "origin", branch)
        return self._git("-C", str(work), "rev-parse", "HEAD").strip()

    def _git(self, *argv: str) -> str:
        result = commands.run(("git", *argv), env=AUTHOR | COMMITTER | DATES)
        assert result.ok, result.last_lines
        return result.output
