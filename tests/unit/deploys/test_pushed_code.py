"""Test that pushed code is kept within limits, and that the code before returns."""

from __future__ import annotations

import io
import os
import socket
from pathlib import Path

import pytest

from piwizard.answers.model import Answers
from piwizard.cli import automatic_deploys
from piwizard.deploys import deploy_record, pushed_code
from piwizard.deploys.pushed_code import PushedCode, bundle_file, pushed_repository
from piwizard.errors import PiwizardError
from piwizard.git.git_access import GitAccess
from piwizard.git.git_command import clone_command, git_environment, submodules_command
from piwizard.setup import pushed_deploy
from piwizard.setup.automatic_deploy import DeployOutcome, OnEvent
from piwizard.system import commands

ONE, TWO = b"# v2 git bundle\none", b"# v2 git bundle\ntwo"
PUSHED = Answers("blog", {"app.deploy": ["push"]})


@pytest.fixture(autouse=True)
def folder(own_places: Path) -> Path:
    made = deploy_record.record_folder("blog")
    made.mkdir(parents=True)
    return made


def test_code_replaces_the_repository_until_it_fails() -> None:
    assert pushed_repository(PUSHED) is None
    first = PushedCode("blog")
    first.take(io.BytesIO(ONE))
    first.keep()
    assert pushed_repository(PUSHED) == str(bundle_file("blog"))
    assert pushed_repository(Answers("blog", {"app.deploy": ["poll"]})) is None
    second = PushedCode("blog")
    second.take(io.BytesIO(TWO))
    assert bundle_file("blog").read_bytes() == TWO
    second.put_back()
    assert bundle_file("blog").read_bytes() == ONE
    assert bundle_file("blog").stat().st_mode & 0o777 == 0o600


def test_first_code_that_fails_is_removed(folder: Path) -> None:
    code = PushedCode("blog")
    code.take(io.BytesIO(ONE))
    code.put_back()
    assert list(folder.iterdir()) == []


def test_code_of_a_killed_push_is_replaced_by_the_code_before(folder: Path) -> None:
    PushedCode("blog").take(io.BytesIO(ONE))
    with pytest.raises(PiwizardError):
        PushedCode("blog").take(io.BytesIO(b"x"))
    assert not bundle_file("blog").exists()
    first = PushedCode("blog")
    first.take(io.BytesIO(ONE))
    first.keep()
    PushedCode("blog").take(io.BytesIO(TWO))
    third = PushedCode("blog")
    third.take(io.BytesIO(b"# v2 git bundle\nthree"))
    third.put_back()
    assert bundle_file("blog").read_bytes() == ONE
    assert [one.name for one in folder.iterdir()] == ["pushed.bundle"]


def test_pusher_that_stops_reading_does_not_stop_the_deploy(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []

    def deploy(site: str, stream: object, on_event: OnEvent) -> DeployOutcome:
        for number in range(2000):
            on_event({"v": 1, "event": "note", "text": f"{number} {'x' * 1000}"})
            told.append(number)
        return DeployOutcome("deployed", "Deployed.")

    monkeypatch.setattr(automatic_deploys, "MAX_WAIT_MICROSECONDS", 1000)
    monkeypatch.setattr(pushed_deploy, "deploy_pushed", deploy)
    ours, theirs = socket.socketpair()
    with ours, theirs, os.fdopen(os.dup(ours.fileno()), "w") as output:
        monkeypatch.setattr("sys.stdout", output)
        assert automatic_deploys.deploy_pushed("blog") == 0
        monkeypatch.undo()
    assert len(told) == 2000


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"# v2 git bundle\n" + b"x" * 2000])
def test_anything_else_is_refused_and_removed(folder: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(pushed_code, "MAX_BYTES", 1000)
    with pytest.raises(PiwizardError):
        PushedCode("blog").take(io.BytesIO(content))
    assert list(folder.iterdir()) == []


def test_pushed_code_cannot_name_a_folder_of_this_machine(tmp_path: Path) -> None:
    private, public, bundle = tmp_path / "private", tmp_path / "public", tmp_path / "code.bundle"
    who = ("-c", "user.name=Alex", "-c", "user.email=alex@example.org", "-c", "protocol.file.allow=always")
    for made in (private, public):
        assert commands.run(("git", "init", "--quiet", "--initial-branch=main", str(made))).ok
        commands.run(("git", "-C", str(made), *who, "commit", "--quiet", "--allow-empty", "--message=x"))
    commands.run(("git", "-C", str(public), *who, "submodule", "--quiet", "add", str(private), "sub"))
    assert commands.run(("git", "-C", str(public), *who, "commit", "--quiet", "--message=y")).ok
    assert commands.run(("git", "-C", str(public), "bundle", "create", "--quiet", str(bundle), "HEAD", "main")).ok
    access = GitAccess("blog", str(bundle))
    assert commands.run(clone_command(str(bundle), tmp_path / "clone", None), env=git_environment(access)).ok
    refused = commands.run(submodules_command(tmp_path / "clone"), env=git_environment(access, servers=True))
    assert "transport 'file' not allowed" in refused.errors
    assert not list((tmp_path / "clone" / "sub").iterdir())
