"""Test that untrusted sources are read by one module with limits.

Each exception has a reason.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TREE = Path(__file__).parents[2] / "piwizard"
HTTP = {
    "system/http_client.py",
    "apps/advisory_program.py",  # runs without piwizard, rights and much time or memory
    "rehearsal/local_proxy.py",  # passes on what a browser requests, piece by piece
}
SOCKETS = {
    "system/http_client.py",
    "apps/smoke_test.py",  # runs without piwizard: the first line of a response
    "apps/page_facts.py",  # a part of it: at most 256 kB of the first page, for ten seconds
    "network/arp.py",  # a hundred bytes
    "system/facts/netlink.py",  # the kernel
    "network/port_forwarding.py",  # a datagram
    "deploys/push_receive.py",  # runs without piwizard: the log of a deploy, in lines of 4 kB
    "cli/automatic_deploys.py",  # one byte
    "sandbox/namespaces.py",  # a program that was just started here
}
LOCKS = {
    "system/file_lock.py",
    "system/held_service.py",
    "deploys/push_receive.py",  # a file that only the user of the push can open, taken without waiting
    "apps/gunicorn_config.py",  # a file in memory that only the workers of one app have
    "sandbox/scratch_dir.py",  # a file of mode 0600, read without waiting
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
def test_untrusted_sources_have_one_reader(known, uses):
    assert {name for name, tree in modules().items() if uses(tree)} == known
