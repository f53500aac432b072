"""Whatever is read from a stranger is read by one module that has limits; what else there is has a reason."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TREE = Path(__file__).parents[2] / "piwizard"
HTTP = {
    "machine/http_client.py",
    "rehearsal/window.py",  # passes on what a browser asks for, piece by piece
}
SOCKETS = {
    "machine/http_client.py",
    "apps/trial.py",  # runs without piwizard: the first line of an answer
    "machine/arp.py",  # a hundred bytes
    "machine/facts/netlink.py",  # the kernel
    "machine/forwards.py",  # a datagram
    "rehearsal/network.py",  # a program that was just started here
}
LOCKS = {
    "machine/file_lock.py",
    "machine/held_service.py",
    "rehearsal/workplace.py",  # a file of mode 0600, and never waited for
}


def modules():
    return {str(path.relative_to(TREE)): ast.parse(path.read_text()) for path in sorted(TREE.rglob("*.py"))}


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def called(tree):
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {call.attr for call in calls if isinstance(call, ast.Attribute)}


@pytest.mark.parametrize(
    ("known", "uses"),
    [
        (HTTP, lambda tree: any(one.startswith(("http.client", "urllib.request")) for one in imported(tree))),
        (SOCKETS, lambda tree: {"recv", "recv_into", "recvfrom", "makefile", "urlopen"} & called(tree)),
        (LOCKS, lambda tree: {"flock", "lockf"} & called(tree)),
    ],
    ids=["http", "sockets", "locks"],
)
def test_no_other_module_does_it(known, uses):
    assert {name for name, tree in modules().items() if uses(tree)} == known
