"""Test that the system step refuses early, and says what to do."""

from __future__ import annotations

import dataclasses
import re

import pytest

from piwizard.errors import PiwizardError
from piwizard.steps.system import DISK_NEEDED, PACKAGES, System
from piwizard.system.facts import LiveSource, PortOwner, gather
from tests.recorded_machine import RecordedSource

from .conftest import SAMPLES


@pytest.fixture
def plan(context, answers):
    return lambda machine: System().plan(context(machine=machine), answers(site=None))


@pytest.mark.parametrize("name", ["pi4-trixie", "zero-w-bookworm", "pi3-bookworm-dhcpcd"])
def test_packages_are_planned(plan, machine, name):
    (change,) = plan(machine(name))
    assert change.names == PACKAGES


@pytest.mark.parametrize("name", sorted(folder.name for folder in SAMPLES.iterdir()))
def test_every_recorded_machine_is_planned_or_refused(plan, machine, name):
    found = gather(RecordedSource(SAMPLES / name))
    blocked = found.os.unsupported or any(owner.program != "nginx" for owner in found.ports if owner.port in (80, 443))
    if not blocked:
        assert plan(machine(name))
        return
    with pytest.raises(PiwizardError) as refused:
        plan(machine(name))
    assert refused.value.message.endswith(".")


@pytest.mark.parametrize(
    ("name", "words", "hint"),
    [
        ("pi4-pihole5", "Pi-hole (lighttpd)", "lighttpd"),
        ("pi4-pihole6", "Pi-hole", "pihole-FTL"),
        ("vm-bookworm-apache", "Apache", "apache2.service"),
    ],
)
def test_occupied_port_is_refused_with_its_owner(plan, machine, name, words, hint):
    with pytest.raises(PiwizardError) as refused:
        plan(machine(name))
    assert refused.value.message.startswith("Port 80 is used by ")
    assert words in refused.value.message
    assert hint in refused.value.hint
    assert "disable" not in refused.value.hint or name == "vm-bookworm-apache"
    assert "purge" not in refused.value.hint
    assert "remove" not in refused.value.hint


def test_port_of_nginx_is_accepted(plan, machine):
    apache = machine("vm-bookworm-apache")
    mine = tuple(dataclasses.replace(owner, program="nginx") for owner in apache.ports)
    assert plan(dataclasses.replace(apache, ports=mine))


def test_unknown_port_owner_is_refused(plan, machine):
    owner = dataclasses.replace(machine("vm-bookworm-apache").ports[0], program=None, unit=None, package=None)
    with pytest.raises(PiwizardError) as refused:
        plan(machine(ports=(owner,)))
    assert "()" not in refused.value.message
    assert "None" not in refused.value.message + refused.value.hint


def test_unsupported_release_is_refused(plan, machine):
    buster = machine("pi1-buster").os
    assert buster.unsupported
    with pytest.raises(PiwizardError) as refused:
        plan(machine(os=buster))
    assert refused.value.message == buster.unsupported


@pytest.mark.parametrize(
    ("disk", "message"),
    [
        ({"free": DISK_NEEDED - 1}, "The disk is full: 499 MiB are free, 500 MiB are needed."),
        ({"free": 0}, "The disk is full: 0 MiB are free, 500 MiB are needed."),
        ({"read_only": True}, "The disk is read-only."),
        ({"volatile": True}, "The overlay file system is on: this Pi loses all changes at its next restart."),
    ],
)
def test_full_disk_is_refused(plan, machine, disk, message):
    found = machine()
    with pytest.raises(PiwizardError) as refused:
        plan(dataclasses.replace(found, disk=dataclasses.replace(found.disk, **disk)))
    assert refused.value.message == message
    assert refused.value.hint


@pytest.mark.parametrize("free", [DISK_NEEDED, None])
def test_enough_or_unknown_disk_space_is_accepted(plan, machine, free):
    found = machine()
    assert plan(dataclasses.replace(found, disk=dataclasses.replace(found.disk, free=free)))


@pytest.mark.parametrize(("total", "swap", "ok"), [(430, 100, True), (200, 0, False), (200, 100, True)])
def test_memory_check(context, answers, machine, total, swap, ok):
    known = machine()
    small = dataclasses.replace(known, memory=dataclasses.replace(known.memory, total=total, swap=swap))
    checks = {check.id: check for check in System().checks(context(machine=small), answers(site=None))}
    assert checks["memory-size"].ok == ok
    assert checks["clock-correct"].ok


@pytest.mark.parametrize(
    ("program", "unit", "words", "hint"),
    [
        ("pihole-FTL", "pihole-FTL.service", "Pi-hole", "`sudo pihole-FTL --config webserver.port '8080o,8443os,"),
        ("AdGuardHome", "AdGuardHome.service", "AdGuard Home", "`address` below `http:` to 0.0.0.0:8080"),
        ("docker-proxy", "docker.service", "a Docker container", "`docker ps --filter publish=80`"),
        ("rootlessport", "user@1000.service", "a Podman container", "`8080:80` in place of `80:80`"),
        ("conmon", "libpod-conmon-1.scope", "a Podman container", "8080"),
        ("caddy", "docker-3f2a9c1b.scope", "Caddy", "container that shares the network of this machine (docker)"),
        ("nginx", "docker-3f2a9c1b.scope", "nginx", "publish 8080:80"),
        ("k3s-server", "k3s.service", "k3s-server", "settings of your container engine"),
        ("systemd", "cups-web.socket", "a systemd socket", "`sudo systemctl edit cups-web.socket`"),
        ("systemd", None, "a systemd socket", "`systemctl list-sockets` names the socket unit"),
        ("homeserver", "homeserver.service", "homeserver", "`sudo systemctl restart homeserver.service`"),
        ("homeserver", "session-3.scope", "homeserver", "restart it"),
    ],
)
def test_program_at_port_80_is_moved_and_never_disabled(plan, machine, program, unit, words, hint):
    owner = PortOwner(80, words, program, 900, unit, None, guessed=False)
    with pytest.raises(PiwizardError) as refused:
        plan(machine(ports=(owner,)))
    assert hint in refused.value.hint
    assert not re.search(r"disable|systemctl stop (?!AdGuardHome)|mask", refused.value.hint)
    assert refused.value.hint.endswith("Then apply again.")


def test_disk_without_room_for_more_files_is_a_problem(monkeypatch):
    """As after years of small files in an app's data: space is free, and nothing can be written."""
    monkeypatch.setattr(LiveSource, "free_files", lambda self, path: 12)
    found = {one.id: one for one in System().live_checks(None)}
    assert not found["disk-files"].ok
    assert "12 more files" in found["disk-files"].detail
    monkeypatch.setattr(LiveSource, "free_files", lambda self, path: None)  # btrfs has no limit
    assert {one.id: one for one in System().live_checks(None)}["disk-files"].ok
