"""Test clones of real repositories, whose code never runs."""

from __future__ import annotations

import subprocess

import pytest

from piwizard.errors import PiwizardError
from piwizard.git import git_command
from piwizard.git.git_access import ANONYMOUS, GitAccess
from piwizard.git.server_git import git_for
from piwizard.system import commands


def run(folder, *words):
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always")
    done = subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def head(folder):
    with git_for(ANONYMOUS) as git:
        return git.read_head(folder)


@pytest.fixture
def repo(tmp_path):
    """Make a repository with a branch, a tag and a submodule."""
    for name in ("part", "repo"):
        (tmp_path / name).mkdir()
        run(tmp_path / name, "init", "--quiet", "--initial-branch=main")
        (tmp_path / name / "file").write_text(name)
        run(tmp_path / name, "add", ".")
        run(tmp_path / name, "commit", "--quiet", "-m", "one")
    found = tmp_path / "repo"
    run(found, "tag", "v1")
    run(found, "submodule", "--quiet", "add", str(tmp_path / "part"), "part")
    run(found, "commit", "--quiet", "-m", "two")
    run(found, "branch", "old", "v1")
    return found


@pytest.mark.parametrize(
    ("ref", "wanted", "parts"),
    [(None, "main", True), ("main", "main", True), ("old", "v1", False), ("v1", "v1", False)],
)
@pytest.mark.parametrize("shallow", [False, True])
def test_clone_checks_out_the_requested_ref(repo, tmp_path, ref, wanted, parts, shallow):
    address = f"file://{repo}" if shallow else str(repo)
    result = commands.run(
        git_command.clone_command(address, tmp_path / "to", ref, shallow=shallow), env=git_command.git_environment()
    )
    assert result.ok, result.last_lines
    submodules = git_command.submodules_command(tmp_path / "to")
    assert commands.run(submodules, env=git_command.git_environment()).ok
    assert head(tmp_path / "to") == run(repo, "rev-parse", f"{wanted}^{{commit}}")
    assert (tmp_path / "to" / "part" / "file").exists() == parts


def test_remote_repository_cannot_fetch_local_folders(repo, tmp_path):
    """Refuse local submodules, since root could read any of them."""
    elsewhere = git_command.git_environment(GitAccess("blog", "https://git.example.org/a.git"))
    result = commands.run(git_command.clone_command(str(repo), tmp_path / "to", None), env=elsewhere)
    assert "transport 'file' not allowed" in result.last_lines
    assert not (tmp_path / "to" / "file").exists()


def test_address_with_a_hyphen_is_not_an_option(tmp_path):
    result = commands.run(
        git_command.clone_command("--upload-pack=touch x", tmp_path / "to", None), env=git_command.git_environment()
    )
    assert not result.ok
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("address", ["ext::sh -c 'touch {}/x'", "fd::0"])
def test_command_protocols_are_refused(tmp_path, address):
    result = commands.run(
        git_command.clone_command(address.format(tmp_path), tmp_path / "to", None), env=git_command.git_environment()
    )
    assert "not allowed" in result.last_lines
    assert not (tmp_path / "x").exists()


def test_hooks_do_not_run(repo, tmp_path, monkeypatch):
    """Run no hooks, neither of a configured template nor of the repository."""
    hooks = tmp_path / "template" / "hooks"
    hooks.mkdir(parents=True)
    for folder in (hooks, repo / ".git" / "hooks"):
        (folder / "post-checkout").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (folder / "post-checkout").chmod(0o755)
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(tmp_path / "template"))
    assert commands.run(
        git_command.clone_command(str(repo), tmp_path / "to", None), env=git_command.git_environment()
    ).ok
    checkout = ("git", "-C", str(tmp_path / "to"), "checkout", "--quiet", "--detach", "v1")
    assert commands.run(checkout, env=git_command.git_environment()).ok
    assert not (tmp_path / "ran").exists()


def test_read_head_fails_without_a_checkout(tmp_path):
    with pytest.raises(PiwizardError, match="not a git checkout"):
        head(tmp_path)
