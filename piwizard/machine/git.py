"""How git is called: no questions, no hooks, no odd protocols, whoever owns the repository."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.machine import commands


def environment() -> dict[str, str]:
    """The environment of every git command. The configuration file takes the place of root's own."""
    return {
        "GIT_CONFIG_GLOBAL": str(resources.files("piwizard.templates") / "git" / "config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o ConnectTimeout=20",
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file",
    }


def clone(repo: str, folder: Path, ref: str | None, *, shallow: bool = False) -> tuple[str, ...]:
    """The argv that clones a repository with its submodules; `ref` is a branch or a tag."""
    branch = ("--branch", ref) if ref else ()
    depth = ("--depth", "1", "--shallow-submodules") if shallow and "://" in repo else ()
    return ("git", "clone", "--quiet", "--recurse-submodules", *branch, *depth, "--", repo, str(folder))


def head(folder: Path) -> str:
    """The commit that is checked out."""
    result = commands.run(["git", "-C", str(folder), "rev-parse", "HEAD"], env=environment())
    if not result.ok:
        raise PiwizardError(f"{folder} is not a git checkout: {result.last_words}")
    return result.output.strip()


def explain(repo: str, ref: str | None, words: str) -> PiwizardError:
    """Turns git's last words after a failed clone into a sentence about the answer at fault."""
    low = words.lower()
    if "remote branch" in low and "not found" in low:
        return PiwizardError(f"app.branch: the repository {repo} has no branch or tag {ref}.", key="app.branch")
    if any(sign in low for sign in ("could not read username", "authentication failed", "permission denied")):
        return PiwizardError(
            f"app.repo: {repo} asks for a login, or is not there.",
            key="app.repo",
            hint="Check the address. A private repository needs an ssh address and a key that it knows.",
        )
    if "could not resolve host" in low or "network is unreachable" in low or "temporary failure" in low:
        return PiwizardError(
            f"app.repo: the host of {repo} cannot be reached.",
            key="app.repo",
            hint="Check the address and the network.",
        )
    last = words.strip().splitlines()[-1] if words.strip() else "git said nothing"
    return PiwizardError(f"app.repo: {repo} cannot be cloned: {last}", key="app.repo", hint="Check the address.")
