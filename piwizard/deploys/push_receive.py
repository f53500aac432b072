#!/usr/bin/python3 -I
"""Receive a `git push` and have it deployed.

This is the login shell of a user that only pushes, and git's hooks in its repository.

A program of its own, copied to /usr/local/lib/piwizard: it uses only Python's standard library and git, and runs
without any right but to write its own repository and to connect to the socket that starts a deploy. Whoever pushes gets
no shell: whatever the SSH client asks for, this program runs, and it runs only git-receive-pack.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import resource
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

USER_PREFIX = "push-"
HOOKS = "/usr/local/lib/piwizard/push-hooks"
BRANCH_VARIABLE, DOOR_VARIABLE = "PIWIZARD_PUSH_BRANCH", "PIWIZARD_PUSH_SOCKET"
MAX_PUSH_BYTES = 256 << 20
"""Of one push. A repository with more is better pulled by the Pi."""
MAX_REPOSITORY_BYTES = 768 << 20
"""Of the repository with its history, before a push."""
MAX_SECONDS = 9 * 3600
"""Longer than a deploy may take: a client that neither sends nor reads blocks other pushes no longer."""
MAX_FILE_BYTES = 1 << 30
MAX_MEMORY_BYTES = 768 << 20
MAX_PROCESSOR_SECONDS = 900
MAX_LINE = 4096
DEPLOYED = "piwizard-push: deployed"
"""The last line of the log of a deploy that succeeded."""
ZERO = "0"
SETTINGS = (
    f"core.hooksPath={HOOKS}",
    "receive.procReceiveRefs=refs/",
    f"receive.maxInputSize={MAX_PUSH_BYTES}",
    "receive.fsckObjects=true",
    "receive.fsck.zeroPaddedFilemode=warn",
    "receive.fsck.badTimezone=warn",
    "receive.denyDeletes=true",
    "receive.denyNonFastForwards=true",
    "receive.shallowUpdate=false",
    "gc.autoDetach=false",
    "pack.threads=1",
    "pack.windowMemory=64m",
    "core.bigFileThreshold=16m",
)
"""Settings of git, which no repository can change."""


class PushRefused(Exception):
    """The push is refused, for the reason in the message."""


def main(argv: Sequence[str]) -> int:
    """Run as the hook or as the login shell, whichever name and arguments say."""
    try:
        match Path(argv[0]).name:
            case "pre-receive":
                # Only these end lines: the name of a branch may have other separators.
                check_commands(sys.stdin.read().removesuffix("\n").split("\n"), os.environ[BRANCH_VARIABLE])
            case "proc-receive":
                answer_commands(os.environ[BRANCH_VARIABLE])
            case _:
                receive(argv[2] if len(argv) == 3 and argv[1] == "-c" else "")
    except PushRefused as refused:
        say(f"piwizard: {refused}")
        return 1
    return 0


def receive(branch: str) -> None:
    """Replace this process by git-receive-pack for the repository of this user."""
    account = pwd.getpwuid(os.getuid())
    site = account.pw_name.removeprefix(USER_PREFIX)
    if not branch or not account.pw_name.startswith(USER_PREFIX):
        raise PushRefused("this account only receives git pushes.")
    require_push(os.environ.get("SSH_ORIGINAL_COMMAND", ""), site)
    limits = (
        (resource.RLIMIT_FSIZE, MAX_FILE_BYTES),
        (resource.RLIMIT_DATA, MAX_MEMORY_BYTES),
        (resource.RLIMIT_CPU, MAX_PROCESSOR_SECONDS),
        (resource.RLIMIT_CORE, 0),
    )
    for limit, most in limits:
        resource.setrlimit(limit, (most, most))
    home = Path(account.pw_dir)
    lock_pushes(home)
    repository = home / "repository.git"
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        BRANCH_VARIABLE: branch,
        DOOR_VARIABLE: f"/run/piwizard-push-{site}.sock",
    }
    if not (repository / "HEAD").exists():
        subprocess.run(
            ("/usr/bin/git", "init", "--quiet", "--bare", "--template=", str(repository)), env=environment, check=True
        )
    head = ("/usr/bin/git", "-C", str(repository), "symbolic-ref", "HEAD", f"refs/heads/{branch}")
    subprocess.run(head, env=environment, check=True)
    require_room(repository, environment)
    signal.alarm(MAX_SECONDS)  # git inherits it
    os.execve("/usr/bin/git", ["git", *settings(), "receive-pack", str(repository)], environment)


def settings() -> list[str]:
    """Return the options of git for its settings."""
    return [word for one in SETTINGS for word in ("-c", one)]


def require_room(repository: Path, environment: Mapping[str, str], most: int = MAX_REPOSITORY_BYTES) -> None:
    """Remove what refused pushes have left, if the repository is large.

    Refuse the push if it still is.
    """
    if folder_bytes(repository) <= most:
        return
    argv = ("/usr/bin/git", "-C", str(repository), *settings(), "gc", "--quiet", "--prune=now")
    subprocess.run(argv, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
    if folder_bytes(repository) > most:
        raise PushRefused(
            f"the repository has more than {most >> 20} MB with its history. "
            "Let the Pi fetch it instead: set app.deploy to poll."
        )


def folder_bytes(folder: Path) -> int:
    """Return how much space the files of a folder take."""
    return sum(
        os.stat(name, dir_fd=handle, follow_symlinks=False).st_blocks * 512
        for _, _, names, handle in os.fwalk(folder)
        for name in names
    )


def require_push(wanted: str, site: str) -> None:
    """Refuse everything but a push to the site's repository."""
    try:
        words = shlex.split(wanted)
    except ValueError:
        words = []
    if words[:2] == ["git", "receive-pack"]:
        words = ["git-receive-pack", *words[2:]]
    if len(words) != 2 or words[0] != "git-receive-pack":
        raise PushRefused("this address only receives a git push.")
    if words[1].strip("/").removesuffix(".git") != site:
        raise PushRefused(f"this address has only the repository {site}.git.")


def lock_pushes(home: Path) -> None:
    """Allow one push at a time: git inherits the lock, and keeps it to its end."""
    handle = os.open(home / "push.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise PushRefused("another push is being deployed. Try again when it has ended.") from None
    os.set_inheritable(handle, True)


def check_commands(lines: Sequence[str], branch: str) -> None:
    """Refuse other branches, deletions and forced pushes.

    git has not kept what was sent yet, and forgets it.
    """
    for line in lines:
        old, new, ref = line.split(" ", 2)
        if ref != f"refs/heads/{branch}":
            raise PushRefused(f"only the branch {branch} is deployed here. Push it: `git push REMOTE HEAD:{branch}`.")
        if not new.strip(ZERO):
            raise PushRefused(f"the branch {branch} is deployed here, so it cannot be deleted.")
        if old.strip(ZERO) and git("merge-base", "--is-ancestor", old, new):
            raise PushRefused(
                f"a forced push is refused: {old[:7]} is deployed, and your branch does not contain it. "
                "Merge it first: `git pull`, or `git revert` what you do not want."
            )


def answer_commands(branch: str) -> None:
    """Speak git's protocol for hooks that carry out a push themselves.

    githooks(5) describes it under proc-receive.
    """
    read_packet_lines()
    write_packet_lines("version=1\0")
    results = []
    for line in read_packet_lines():
        old, new, ref = line.split(" ", 2)
        deployed = ref == f"refs/heads/{branch}" and deploy(old, new, ref)
        results.append(f"ok {ref}" if deployed else f"ng {ref} not deployed, the version before stays")
    write_packet_lines(*results)


def deploy(old: str, new: str, ref: str) -> bool:
    """Hand the code over and show the log. Return whether the version is served."""
    if git("update-ref", ref, new, old):
        return False
    deployed = False
    try:
        deployed = hand_over(ref)
    except OSError as error:
        say(f"piwizard: the deploy cannot be started: {error.strerror}. Run `piwizard apply deploys` on the Pi.")
    if not deployed:
        back = ("update-ref", ref, old, new) if old.strip(ZERO) else ("update-ref", "-d", ref, new)
        git(*back)
        git("prune", "--expire=now")
    return deployed


def hand_over(ref: str) -> bool:
    """Send the branch as a bundle, and print each line that comes back."""
    with socket.socket(socket.AF_UNIX) as door:
        door.connect(os.environ[DOOR_VARIABLE])
        subprocess.run(("git", "bundle", "create", "--quiet", "-", "HEAD", ref), stdout=door.fileno(), check=False)
        door.shutdown(socket.SHUT_WR)
        last = ""
        with door.makefile("r", encoding="utf-8", errors="replace") as log:
            while line := log.readline(MAX_LINE):
                last = line.rstrip("\n")
                if last != DEPLOYED:
                    say(last)
    return last == DEPLOYED


def git(*words: str) -> int:
    """Run git in the repository of the push, and return its exit code."""
    return subprocess.run(("git", *words), stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False).returncode


def read_packet_lines() -> list[str]:
    """Read lines up to a flush packet, without their line ends."""
    found = []
    while size := int(sys.stdin.buffer.read(4) or b"0000", 16):
        found.append(sys.stdin.buffer.read(size - 4).decode(errors="replace").rstrip("\n"))
    return found


def write_packet_lines(*lines: str) -> None:
    """Write these lines and a flush packet."""
    packets = [f"{len(line.encode()) + 5:04x}{line}\n" for line in lines]
    sys.stdout.buffer.write("".join([*packets, "0000"]).encode())
    sys.stdout.buffer.flush()


def say(text: str) -> None:
    """Show a line to whoever pushes."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv))
