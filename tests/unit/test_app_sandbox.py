"""Test that the service and each command have every line of the sandbox."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest

from piwizard.apps.app_units import render_service
from piwizard.engine import run_launch
from piwizard.system import app_sandbox, commands, transient_unit
from piwizard.system.app_sandbox import Sandbox
from piwizard.system.commands import Result
from tests.unit.apps.test_app_units import unit

TEMPLATE = Path(__file__).parents[2] / "templates" / "systemd" / "sandbox.j2"
HARDENED = {
    "MemoryHigh": ["60%"],
    "MemoryMax": ["75%"],
    "OOMPolicy": ["continue"],
    "TasksMax": ["512"],
    "LimitCORE": ["0"],
    "ReadWritePaths": ["/srv/blog/data", "/mnt/usb"],
    "BindPaths": ["/srv/blog/data:/mnt/usb"],
    "UMask": ["0027"],
    "NoNewPrivileges": ["yes"],
    "CapabilityBoundingSet": [""],
    "AmbientCapabilities": [""],
    "ProtectSystem": ["strict"],
    "ProtectHome": ["yes"],
    "ProtectProc": ["invisible"],
    "ProtectClock": ["yes"],
    "ProtectHostname": ["yes"],
    "ProtectControlGroups": ["yes"],
    "ProtectKernelLogs": ["yes"],
    "ProtectKernelModules": ["yes"],
    "ProtectKernelTunables": ["yes"],
    "PrivateTmp": ["yes"],
    "PrivateDevices": ["yes"],
    "PrivateMounts": ["yes"],
    "PrivateIPC": ["yes"],
    "PrivateUsers": ["yes"],
    "RestrictAddressFamilies": ["AF_UNIX AF_INET AF_INET6 AF_NETLINK"],
    "RestrictNamespaces": ["yes"],
    "RestrictRealtime": ["yes"],
    "RestrictSUIDSGID": ["yes"],
    "LockPersonality": ["yes"],
    "RemoveIPC": ["yes"],
    "KeyringMode": ["private"],
    "SystemCallArchitectures": ["native"],
    "SystemCallFilter": ["@system-service", "~@privileged @resources"],
    "SystemCallErrorNumber": ["EPERM"],
}
SHARED_MEMORY = "/dev/shm:mode=1777,size=25%,nosuid,nodev"


@pytest.fixture(autouse=True)
def newest_systemd(monkeypatch, own_places):
    monkeypatch.setattr(transient_unit, "systemd_version", lambda: app_sandbox.PRIVATE_PIDS_SINCE)


def settings(lines):
    found = {}
    for line in lines:
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def service():
    bound = (("/srv/blog/data", "/mnt/usb"),)
    return settings(render_service(unit(writable=("/srv/blog/data",), binds=bound)).splitlines())


def job(target="/mnt/usb", **more):
    data, seen = Path("/srv/blog/data"), Path(target)
    return settings(Sandbox("blog", (data, seen), **({"binds": ((data, seen),)} | more)).properties())


def missing(found):
    """Return the hardening that a unit lacks."""
    lacking = [name for name, values in HARDENED.items() if found.get(name) != values]
    shared = [] if SHARED_MEMORY in found.get("TemporaryFileSystem", []) else ["TemporaryFileSystem"]
    score = [] if "OOMScoreAdjust" in found else ["OOMScoreAdjust"]
    return lacking + shared + score


def test_service_has_every_line_of_the_sandbox():
    assert missing(service()) == []


@pytest.mark.parametrize(("target", "homes"), [("/home/pi/lamp", "tmpfs"), ("/root/lamp", "tmpfs"), ("/mnt/a", "yes")])
def test_home_folders_stay_hidden_where_the_app_sees_its_own(target, homes):
    assert job(target)["ProtectHome"] == [homes]


def test_command_of_an_app_has_every_line_of_the_sandbox():
    assert missing(job()) == []


@pytest.mark.parametrize("number", range(TEMPLATE.read_text().count("\n")))
def test_line_deleted_from_the_sandbox_is_missed(monkeypatch, number):
    lines = TEMPLATE.read_text().splitlines()
    if "=" not in lines[number] or lines[number].startswith(("#", "{")):
        pytest.skip("no setting")
    from piwizard.templates import render

    environment = render._environment()
    text = "\n".join(lines[:number] + lines[number + 1 :]) + "\n"
    loader = environment.loader

    class Altered(type(loader)):
        def get_source(self, environment, template):
            if template == "systemd/sandbox.j2":
                return text, None, lambda: False
            return loader.get_source(environment, template)

    monkeypatch.setattr(environment, "loader", Altered("piwizard.templates", ""))
    monkeypatch.setattr(environment, "cache", None)
    assert missing(service())
    assert missing(job())


def test_command_runs_as_its_user_and_ends_with_all_it_started():
    found = job(seconds=60)
    assert (found["User"], found["Group"]) == (["blog"], ["blog"])
    assert (found["KillMode"], found["RuntimeMaxSec"]) == (["control-group"], ["60"])


def test_command_sees_neither_other_processes_nor_the_cache(own_places):
    found = job()
    assert found["PrivatePIDs"] == ["yes"]
    assert f"{own_places / 'cache'}:ro" in found["TemporaryFileSystem"]


def test_older_systemd_gets_no_setting_that_it_does_not_know(monkeypatch):
    monkeypatch.setattr(transient_unit, "systemd_version", lambda: app_sandbox.PRIVATE_PIDS_SINCE - 1)
    assert "PrivatePIDs" not in job()


def test_command_is_the_first_to_go_where_memory_ends():
    assert int(job()["OOMScoreAdjust"][0]) > int(service()["OOMScoreAdjust"][0]) > 0


def test_folders_are_bound_where_the_command_looks_for_them():
    found = job(binds=((Path("/var/cache/piwizard/build/blog/venv"), Path("/srv/blog/releases/1/venv")),))
    assert found["BindPaths"] == ["/var/cache/piwizard/build/blog/venv:/srv/blog/releases/1/venv"]


def test_script_of_piwizards_is_seen_wherever_it_is_installed(own_places):
    script = Path("/home/alex/piwizard/apps/smoke_test.py")
    assert app_sandbox.path_inside(script) == own_places / "cache" / "smoke_test.py"
    assert job(scripts=(script,))["BindReadOnlyPaths"] == [f"{script}:{own_places / 'cache' / 'smoke_test.py'}"]


def test_command_reaches_the_internet_and_the_name_servers_of_the_moment(monkeypatch):
    monkeypatch.setattr(app_sandbox, "read_resolvers", lambda: ("192.168.1.1", "fe80::1"))
    found = job()
    assert found["IPAddressAllow"] == ["192.168.1.1 fe80::1"]
    assert "192.168.0.0/16" in found["IPAddressDeny"][0].split()
    assert "-/run/dbus" in found["InaccessiblePaths"]


def test_command_of_an_app_that_may_reach_the_home_network_reaches_it():
    assert "IPAddressDeny" not in job(network="home")


def test_command_gets_the_hardware_of_its_app():
    found = job(hardware=("spi",))
    assert (found["PrivateDevices"], found["DevicePolicy"], found["DeviceAllow"]) == (
        ["no"],
        ["closed"],
        ["char-spi rw"],
    )
    others = {name for name in HARDENED if found.get(name) != HARDENED[name]}
    assert others == {"PrivateDevices", "PrivateUsers"}


def test_end_of_a_run_stops_its_own_commands_and_no_others(monkeypatch, own_places):
    """Nor a backup, or what a person runs in an app meanwhile."""
    ran: list[tuple[str, ...]] = []

    def run(argv, **_):
        ran.append(tuple(argv))
        return Result(tuple(argv), 0, "", "", (), 0.0)

    monkeypatch.setattr(commands, "run", run)
    monkeypatch.setattr(run_launch, "require_systemd", lambda: None)
    monkeypatch.setattr(transient_unit, "_require_empty", lambda unit: None)
    monkeypatch.setattr(transient_unit, "_run", None)

    def unit_of_a_command() -> str:
        transient_unit.run(("pip",), (), env={}, cwd=own_places)
        return next(word for argv in ran[::-1] for word in argv if word.startswith("--unit=")).removeprefix("--unit=")

    of_a_person = unit_of_a_command()
    name = run_launch.start(run_launch.RunRequest("apply", (("app", "blog"),)))
    stops = next(word for argv in ran for word in argv if "ExecStopPost" in word).rpartition(" ")[2]
    transient_unit.name_after(name)
    of_the_run = unit_of_a_command()
    assert fnmatch(of_the_run, stops)
    assert not fnmatch(of_a_person, stops)
