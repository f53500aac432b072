"""Test pushes with the real git: what is deployed, what is refused, and what is left."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from piwizard.deploys import push_receive
from piwizard.deploys.push_receive import DEPLOYED, PushRefused, require_push, require_room

WHO = ("-c", "user.name=Alex", "-c", "user.email=alex@example.org")


class Door:
    """The socket that starts deploys. It keeps what it gets, and answers with these lines."""

    def __init__(self, path: Path) -> None:
        self.bundles: list[bytes] = []
        self.lines = ["== App (blog)", DEPLOYED]
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            with connection, connection.makefile("rb") as stream:
                got = stream.read()
                if not got:
                    return
                self.bundles.append(got)
                connection.sendall("".join(f"{line}\n" for line in self.lines).encode())

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(self._socket.getsockname())
        self._thread.join()
        self._socket.close()


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(tmp_path / "door")
    yield made
    made.close()


class Clone:
    """A person's clone, and the repository of the Pi that it pushes to."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bare = folder / "clone", folder / "bare.git"
        hooks = folder / "hooks"
        hooks.mkdir()
        program = folder / "push.py"
        text = Path(push_receive.__file__).read_text().replace("/usr/bin/python3", sys.executable)
        program.write_text(text)
        program.chmod(0o755)
        for name in ("pre-receive", "proc-receive"):
            (hooks / name).symlink_to(program)
        settings = [*push_receive.SETTINGS, f"core.hooksPath={hooks}"]
        self._receive = " ".join(("git", *(f"-c {one}" for one in settings), "receive-pack"))
        self._env = os.environ | {
            push_receive.BRANCH_VARIABLE: "main",
            push_receive.DOOR_VARIABLE: str(folder / "door"),
        }
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(self.bare), at=folder)
        self.git("init", "--quiet", "--initial-branch=main", str(self.folder), at=folder)

    def git(self, *words: str, at: Path | None = None) -> subprocess.CompletedProcess[str]:
        argv = ("git", "-C", str(at or self.folder), *WHO, *words)
        return subprocess.run(argv, env=self._env, capture_output=True, text=True, check=False)

    def commit(self, text: str, *options: str) -> str:
        (self.folder / "app.py").write_text(text)
        self.git("add", "app.py")
        assert self.git("commit", "--quiet", "--message=A version", *options).returncode == 0
        return self.git("rev-parse", "HEAD").stdout.strip()

    def push(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.git("push", f"--receive-pack={self._receive}", str(self.bare), *(words or ("main",)))

    @property
    def deployed(self) -> str:
        return self.git("rev-parse", "--verify", "--quiet", "refs/heads/main", at=self.bare).stdout.strip()

    def objects(self) -> str:
        return self.git("count-objects", "--verbose", at=self.bare).stdout


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_pushed_branch_arrives_as_a_bundle_and_its_log_is_shown(clone: Clone, door: Door, tmp_path: Path) -> None:
    first = clone.commit("one")
    pushed = clone.push()
    assert pushed.returncode == 0, pushed.stderr
    assert "remote: == App (blog)" in pushed.stderr
    assert DEPLOYED not in pushed.stderr
    assert clone.deployed == first
    (tmp_path / "code.bundle").write_bytes(door.bundles[0])
    clone.git("clone", "--quiet", str(tmp_path / "code.bundle"), str(tmp_path / "code"), at=tmp_path)
    assert (tmp_path / "code" / "app.py").read_text() == "one"
    second = clone.commit("two")
    assert clone.push().returncode == 0
    assert clone.deployed == second


def test_failed_deploy_refuses_the_push_and_keeps_nothing_of_it(clone: Clone, door: Door) -> None:
    first = clone.commit("one")
    clone.push()
    before = clone.objects()
    door.lines = ["   ! app.entry: app:app failed its smoke test.", DEPLOYED, "piwizard: It failed."]
    clone.commit("broken")
    refused = clone.push()
    assert refused.returncode != 0
    assert "failed its smoke test" in refused.stderr
    assert "not deployed, the version before stays" in refused.stderr
    assert (clone.deployed, clone.objects()) == (first, before)
    door.lines = [DEPLOYED]
    mended = clone.commit("mended", "--amend")
    assert clone.push().returncode == 0
    assert clone.deployed == mended


def test_first_push_that_fails_leaves_no_branch(clone: Clone, door: Door) -> None:
    door.lines = ["piwizard: It failed."]
    clone.commit("broken")
    assert clone.push().returncode != 0
    assert clone.deployed == ""


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("main:dev",), "only the branch main is deployed here"),
        (("main:refs/tags/v1",), "only the branch main is deployed here"),
        (("main:refs/heads/main\u2028",), "only the branch main is deployed here"),
        (("main", "main:dev"), "only the branch main is deployed here"),
        ((":main",), "cannot be deleted"),
        (("--force", "main"), "a forced push is refused"),
    ],
)
def test_other_pushes_are_refused_in_a_sentence(clone: Clone, door: Door, words: tuple[str, ...], why: str) -> None:
    first = clone.commit("one")
    clone.push()
    clone.commit("rewritten", "--amend")
    refused = clone.push(*words)
    assert refused.returncode != 0
    assert why in refused.stderr
    assert clone.deployed == first
    assert len(door.bundles) == 1


def test_settings_of_the_repository_change_nothing(clone: Clone, door: Door) -> None:
    clone.commit("one")
    clone.git("config", "core.hooksPath", "/dev/null", at=clone.bare)
    clone.git("config", "receive.maxInputSize", "0", at=clone.bare)
    assert "only the branch main" in clone.push("main:dev").stderr


def test_large_push_is_refused(clone: Clone, door: Door) -> None:
    clone._receive = clone._receive.replace(f"maxInputSize={push_receive.MAX_PUSH_BYTES}", "maxInputSize=1000")
    (clone.folder / "large").write_bytes(os.urandom(50_000))
    clone.git("add", "large")
    clone.commit("one")
    assert "exceeds maximum allowed size" in clone.push().stderr
    assert door.bundles == []


def test_large_repository_loses_what_refused_pushes_left_or_takes_no_more(clone: Clone, door: Door) -> None:
    first = clone.commit("one")
    clone.push()
    left = os.urandom(3 << 20)
    (clone.folder / "left").write_bytes(left)
    blob = clone.git("hash-object", "-w", str(clone.folder / "left"), at=clone.bare).stdout.strip()
    require_room(clone.bare, os.environ, most=2 << 20)
    assert clone.git("cat-file", "-e", blob, at=clone.bare).returncode != 0
    assert clone.deployed == first
    with pytest.raises(PushRefused, match="more than 0 MB with its history"):
        require_room(clone.bare, os.environ, most=1000)


def test_push_without_a_door_is_refused(clone: Clone) -> None:
    clone.commit("one")
    assert "the deploy cannot be started" in clone.push().stderr
    assert clone.deployed == ""


@pytest.mark.parametrize("wanted", ["git-receive-pack '/blog.git'", "git-receive-pack 'blog'", "git receive-pack blog"])
def test_push_of_a_git_client_is_accepted(wanted: str) -> None:
    require_push(wanted, "blog")


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ("", "only receives a git push|only receives"),
        ("sh", "only receives"),
        ("git-upload-pack 'blog.git'", "only receives"),
        ("git-receive-pack 'blog.git'; id", "only receives"),
        ("git-receive-pack '", "only receives"),
        ("git-receive-pack 'shop.git'", "has only the repository blog.git"),
        ("git-receive-pack '../../etc'", "has only the repository blog.git"),
        ("git-receive-pack '--help'", "has only the repository blog.git"),
    ],
)
def test_everything_else_is_refused(wanted: str, why: str) -> None:
    with pytest.raises(PushRefused, match=why):
        require_push(wanted, "blog")


def test_login_without_a_push_ends_in_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.delenv("SSH_ORIGINAL_COMMAND", raising=False)
    assert push_receive.main(["push.py"]) == 1
    assert "this account only receives git pushes" in capsys.readouterr().err
