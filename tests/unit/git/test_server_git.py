"""Test that git talks to servers without root's rights, and what it can reach then."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest

from piwizard.apps import app_source
from piwizard.changes.base import ApplyContext
from piwizard.changes.git_checkout import GitCheckout
from piwizard.errors import AnswerRefused
from piwizard.git import deploy_key, git_firewall
from piwizard.git.git_access import GitAccess
from piwizard.git.git_address import parse_address
from piwizard.git.newest_commit import newest_commit
from piwizard.git.server_git import git_for
from piwizard.system import commands, paths
from tests.unit.namespaces import needs_namespaces

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can give its rights up"),
    needs_namespaces,
]
SSH = GitAccess("blog", "ssh://git@git.lan/app.git")


@pytest.fixture
def open_places(own_places: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Put piwizard's folders where other users may enter: pytest's own are closed to them."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        place = Path(name)
        place.chmod(0o755)
        monkeypatch.setattr(paths, "lock_file", lambda: place / "run" / "run.lock")
        monkeypatch.setattr(paths, "cache_dir", lambda: place / "cache")
        monkeypatch.setattr(paths, "sites_dir", lambda: place / "srv")
        yield place


@pytest.fixture
def served(open_places: Path) -> Iterator[tuple[str, str]]:
    """Return the address of a repository at a git server of this machine, and its commit."""
    work = open_places / "git" / "app"
    git = ("git", "-C", str(work), "-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(("git", "init", "--quiet", "--initial-branch=main", str(work)), check=True)
    (work / "app.py").write_text("app = 1\n")
    (work / "away").symlink_to("/etc/shadow")
    subprocess.run((*git, "add", "."), check=True)
    subprocess.run((*git, "commit", "--quiet", "--message=One \x1b[31m"), check=True)
    commit = subprocess.run((*git, "rev-parse", "HEAD"), check=True, capture_output=True, text=True).stdout.strip()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ("--export-all", "--reuseaddr", "--listen=127.0.0.1", f"--port={port}", f"--base-path={work.parent}")
    daemon = subprocess.Popen(("git", "-c", "safe.directory=*", "daemon", *options, "--informative-errors"))
    try:
        while daemon.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                continue
        yield f"git://127.0.0.1:{port}/app", commit
    finally:
        daemon.terminate()
        daemon.wait()


@pytest.fixture
def device(open_places: Path) -> Iterator[tuple[str, set[int]]]:
    """Return the address of a repository at a web server of this machine, and the users that ask the server."""
    bare, users = open_places / "web" / "part.git", set()
    work = open_places / "part"
    git = ("git", "-C", str(work), "-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(("git", "init", "--quiet", "--initial-branch=main", str(work)), check=True)
    (work / "part.py").write_text("part = 1\n")
    subprocess.run((*git, "add", "."), check=True)
    subprocess.run((*git, "commit", "--quiet", "--message=Part"), check=True)
    subprocess.run(("git", "clone", "--quiet", "--bare", str(work), str(bare)), check=True)
    subprocess.run(("git", "-C", str(bare), "update-server-info"), check=True)

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            users.add(owner_of_socket(self.client_address[1]))
            super().do_GET()

        def do_POST(self) -> None:
            users.add(owner_of_socket(self.client_address[1]))
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(bare.parent)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/part.git", users
    server.shutdown()
    server.server_close()


@pytest.fixture
def asked_by(device: tuple[str, set[int]], monkeypatch: pytest.MonkeyPatch) -> tuple[str, set[int]]:
    """The same, as if the server were on the Internet."""
    port = int(device[0].split("/")[2].rpartition(":")[2])
    monkeypatch.setattr(git_firewall, "own_addresses", lambda address: [("127.0.0.1", port)])
    return device


def owner_of_socket(port: int) -> int:
    """Return the user ID of the process at a local port, as the kernel reports it."""
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return next(int(row[7]) for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01")


def status(git: object) -> dict[str, str]:
    result = commands.run(git.argv(("cat", "/proc/self/status")), env=git.env)
    return dict(line.split(":\t", 1) for line in result.output.splitlines() if ":\t" in line)


def test_git_for_a_server_has_no_rights_and_a_group_of_its_own(open_places: Path) -> None:
    with git_for(SSH) as one, git_for(SSH) as other:
        found = status(one)
        assert found["Uid"].split()[0] != "0"
        assert found["Gid"].split() == [str(one.group)] * 4 != [str(other.group)] * 4
        assert (int(found["CapEff"], 16), int(found["CapBnd"], 16), found["NoNewPrivs"].strip()) == (0, 0, "1")
        assert found["Groups"].strip() == ""


def test_lower_limit_of_a_service_stays(open_places: Path) -> None:
    code = "from tests.unit.git.test_server_git import SSH, status; from piwizard.git.server_git import git_for\n"
    code += "with git_for(SSH) as git: assert status(git), 'git did not run'"
    argv = ("prlimit", "--data=500000000", "--", "setpriv", "--bounding-set=-sys_resource", "--", sys.executable)
    tried = commands.run((*argv, "-c", code), cwd=Path(__file__).parents[3])
    assert tried.ok, tried.last_lines


def test_key_is_readable_for_its_own_git_only(open_places: Path) -> None:
    deploy_key.make_key("blog")
    with git_for(SSH) as one, git_for(SSH) as other:
        words = shlex.split(one.env["GIT_SSH_COMMAND"])
        (key,) = (word.partition("=")[2] for word in words if word.startswith("IdentityFile="))
        assert commands.run(one.argv(("cat", key))).output == deploy_key.private_key("blog").read_text()
        assert not commands.run(other.argv(("cat", key))).ok
        assert not commands.run(commands.as_nobody(("cat", key))).ok
        public = commands.run(one.argv(("ssh-keygen", "-y", "-f", key)))
        assert public.ok, public.last_lines
    assert not Path(key).exists()


def test_nothing_that_git_started_outlives_it(open_places: Path) -> None:
    with git_for(SSH) as git:
        left = commands.run(git.argv(("bash", "-c", "setsid sleep 600 >/dev/null 2>&1 & echo started")))
        assert left.output == "started\n"
        assert not commands.run(("pgrep", "--group", str(git.group))).ok


def test_copies_of_killed_processes_are_removed(open_places: Path) -> None:
    abandoned = open_places / "run" / "git" / f"{2**22 + 1}-abc"
    abandoned.mkdir(parents=True)
    with git_for(SSH):
        assert not abandoned.exists()


def test_code_of_a_server_belongs_to_root_once_it_is_fetched(served: tuple[str, str], open_places: Path) -> None:
    repo, commit = served
    access = GitAccess("blog", repo)
    assert newest_commit(access, "main") == commit
    source = app_source.fetch_newest("blog", repo, None, access)
    assert (source.commit, (source.tree / "app.py").read_text()) == (commit, "app = 1\n")
    everything = [source.tree.parent, *source.tree.parent.rglob("*")]
    assert {(path.lstat().st_uid, path.lstat().st_gid) for path in everything} == {(0, 0)}
    assert source.tree.parent.stat().st_mode & 0o777 == 0o700
    assert Path("/etc/shadow").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("bundled", [True, False], ids=["pushed", "folder"])
def test_submodule_at_a_server_is_fetched_without_rights(
    asked_by: tuple[str, set[int]], open_places: Path, bundled: bool
) -> None:
    address, users = asked_by
    work, bundle = open_places / "app", open_places / "pushed.bundle"
    git = ("git", "-C", str(work), "-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(("git", "init", "--quiet", "--initial-branch=main", str(work)), check=True)
    subprocess.run((*git, "submodule", "--quiet", "add", address, "part"), check=True)
    subprocess.run((*git, "commit", "--quiet", "--message=One"), check=True)
    subprocess.run((*git, "bundle", "create", "--quiet", str(bundle), "HEAD", "main"), check=True)
    work.chmod(0o700)
    users.clear()
    repo = str(bundle if bundled else work)
    source = app_source.fetch_newest("blog", repo, None, GitAccess("blog", repo))
    assert (source.tree / "part" / "part.py").read_text() == "part = 1\n"
    assert users == {65534}
    everything = [source.tree.parent, *source.tree.parent.rglob("*")]
    assert {(path.lstat().st_uid, path.lstat().st_gid) for path in everything} == {(0, 0)}
    assert source.tree.parent.stat().st_mode & 0o777 == 0o700


def test_folder_of_root_has_submodules_of_root(open_places: Path) -> None:
    private = open_places / "private"
    private.mkdir(mode=0o700)
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always", "-C")
    for name in ("part", "app"):
        subprocess.run(("git", "init", "--quiet", "--initial-branch=main", str(private / name)), check=True)
    subprocess.run((*git, str(private / "part"), "commit", "--quiet", "--allow-empty", "--message=One"), check=True)
    subprocess.run((*git, str(private / "app"), "submodule", "--quiet", "add", "../part", "part"), check=True)
    subprocess.run((*git, str(private / "app"), "commit", "--quiet", "--message=One"), check=True)
    source = app_source.fetch_newest("blog", str(private / "app"), None, GitAccess("blog", str(private / "app")))
    assert (source.tree / "part" / ".git").exists()


def large_file(work: Path, server: str) -> tuple[str, ...]:
    """Commit a file of Git LFS, and a server for it in .lfsconfig; return the beginning of git's command there."""
    git = ("git", "-C", str(work), "-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(("git", "init", "--quiet", "--initial-branch=main", str(work)), check=True)
    subprocess.run((*git, "lfs", "install", "--local"), check=True, stdout=subprocess.DEVNULL)
    (work / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    (work / ".lfsconfig").write_text(f"[lfs]\n\turl = {server}\n")
    (work / "large.bin").write_text("large\n")
    subprocess.run((*git, "add", "."), check=True)
    subprocess.run((*git, "commit", "--quiet", "--message=One"), check=True)
    return git


@pytest.mark.skipif(shutil.which("git-lfs") is None, reason="needs git-lfs")
def test_large_files_of_pushed_code_are_fetched_without_rights(
    asked_by: tuple[str, set[int]], open_places: Path, working: Callable[[], ApplyContext]
) -> None:
    address, users = asked_by
    work, bundle = open_places / "app", open_places / "pushed.bundle"
    git = large_file(work, address)
    subprocess.run((*git, "bundle", "create", "--quiet", str(bundle), "HEAD", "main"), check=True)
    planned = app_source.fetch_newest("blog", str(bundle), None, GitAccess("blog", str(bundle)))
    access = GitAccess("blog", str(bundle))
    change = GitCheckout(open_places / "r", str(bundle), None, planned.commit, "daemon", access, large_files=True)
    change.apply(working())
    assert users == {65534}
    assert (change.code / "large.bin").read_text().startswith("version https://git-lfs")
    assert {path.lstat().st_uid for path in change.code.rglob("*")} == {0}


@pytest.mark.skipif(shutil.which("git-lfs") is None, reason="needs git-lfs")
def test_large_files_of_a_folder_come_from_it_alone(
    asked_by: tuple[str, set[int]], open_places: Path, working: Callable[[], ApplyContext]
) -> None:
    address, users = asked_by
    work = open_places / "app"
    large_file(work, address)
    planned = app_source.fetch_newest("blog", str(work), None, GitAccess("blog", str(work)))
    access = GitAccess("blog", str(work))
    change = GitCheckout(open_places / "r", str(work), None, planned.commit, "daemon", access, large_files=True)
    change.apply(working())
    assert users == set()
    assert (change.code / "large.bin").read_text() == "large\n"


def add_submodule(served: tuple[str, str], open_places: Path, address: str) -> GitAccess:
    """Let the served repository name a submodule. git cannot add one that it cannot reach."""
    work = open_places / "git" / "app"
    git = ("git", "-C", str(work), "-c", "user.name=a", "-c", "user.email=a@example.org")
    (work / ".gitmodules").write_text(f'[submodule "part"]\n\tpath = part\n\turl = {address}\n')
    subprocess.run((*git, "update-index", "--add", "--cacheinfo", f"160000,{served[1]},part"), check=True)
    subprocess.run((*git, "add", ".gitmodules"), check=True)
    subprocess.run((*git, "commit", "--quiet", "--message=Two"), check=True)
    return GitAccess("blog", served[0])


@pytest.mark.parametrize("filtered", [True, False], ids=["packet filter", "no packet filter"])
def test_submodule_cannot_send_requests_to_a_device_at_home(
    served: tuple[str, str],
    device: tuple[str, set[int]],
    open_places: Path,
    monkeypatch: pytest.MonkeyPatch,
    filtered: bool,
) -> None:
    if not filtered:
        monkeypatch.setattr(git_firewall, "_nft", lambda *words, input=None: None)
    assert app_source.fetch_newest("blog", served[0], None, GitAccess("blog", served[0])).commit == served[1]
    access = add_submodule(served, open_places, device[0].replace("/part.git", "/relay/0?turn=on&x="))
    with pytest.raises(AnswerRefused, match=r"the submodule .* cannot be fetched|not allowed"):
        app_source.fetch_newest("blog", access.repo, None, access)
    assert device[1] == set()
    assert "piwizard_git" not in commands.run(("nft", "list", "tables")).output


@pytest.mark.parametrize("filtered", [True, False], ids=["packet filter", "no packet filter"])
def test_server_cannot_redirect_git_to_a_device_at_home(
    device: tuple[str, set[int]], open_places: Path, monkeypatch: pytest.MonkeyPatch, filtered: bool
) -> None:
    class Redirecting(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", device[0])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    if not filtered:
        monkeypatch.setattr(git_firewall, "_nft", lambda *words, input=None: None)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Redirecting)
    Thread(target=server.serve_forever, daemon=True).start()
    access = GitAccess("blog", f"http://127.0.0.1:{server.server_port}/app.git")
    with pytest.raises(AnswerRefused):
        app_source.fetch_newest("blog", access.repo, None, access)
    server.shutdown()
    server.server_close()
    assert device[1] == set()


def test_tables_of_killed_processes_are_removed(open_places: Path) -> None:
    table = f"piwizard_git_{2**22 + 1}_61200"
    assert commands.run(("nft", "-f", "-"), input=git_firewall.ruleset(table, 61200, [])).ok
    with git_for(SSH):
        assert table not in commands.run(("nft", "list", "tables")).output


@pytest.mark.parametrize(
    ("repo", "expected"),
    [
        ("http://127.0.0.1:3000/app.git", [("127.0.0.1", 3000)]),
        ("git@192.168.1.5:app.git", [("192.168.1.5", None)]),
        ("https://[::1]/app.git", [("::1", 443)]),
        ("/home/user/app", []),
        ("https://8.8.8.8/app.git", []),
    ],
)
def test_own_host_of_a_repository_is_allowed(repo: str, expected: list[tuple[str, int | None]]) -> None:
    assert git_firewall.own_addresses(parse_address(repo)) == expected


def test_host_on_the_internet_cannot_add_a_device_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner of a domain chooses its addresses."""
    both = SimpleNamespace(output="192.168.1.1 STREAM evil.example.org\n8.8.8.8 STREAM\n")
    monkeypatch.setattr(git_firewall.commands, "run", lambda argv, timeout: both)
    assert git_firewall.own_addresses(parse_address("https://evil.example.org/app.git")) == []
