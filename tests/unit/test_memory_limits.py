"""Test that everything in the background has a memory limit."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

from piwizard.engine import run_launch
from piwizard.system import commands
from piwizard.system.commands import Result

TEMPLATES = Path(str(resources.files("piwizard.templates")))
SERVICES = sorted(path for path in TEMPLATES.rglob("*.service*") if path.parent.name != "network")
"""All services except the one that rolls back a network address: a short script that nothing may stop."""


def test_services_are_found():
    assert {path.name for path in SERVICES} >= {"watch.service", "forwards.service.j2", "app.service.j2"}


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_service_has_a_memory_limit(path):
    text = path.read_text()
    included = [(TEMPLATES / name).read_text() for name in re.findall(r'{% include "([^"]+)"', text)]
    assert re.search(r"^MemoryMax=\d+[M%]$", "\n".join((text, *included)), re.M)


def test_run_has_a_memory_limit(own_places, monkeypatch):
    started = []

    def run(argv, **_):
        started.append(argv)
        return Result(tuple(argv), 0, "", "", (), 0.0)

    monkeypatch.setattr(commands, "run", run)
    monkeypatch.setattr(run_launch, "require_systemd", lambda: None)
    run_launch.start(run_launch.RunRequest("apply", (("nginx", None),)))
    assert "--property=MemoryMax=75%" in started[-1]
