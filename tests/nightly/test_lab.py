"""Check what the lab's machines and network promise to every other test."""

from __future__ import annotations

import pytest

from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.pi import Pi


@pytest.fixture(scope="module")
def machine(lab: Lab, release: str):
    """Return one Pi for these tests; none of them leaves it changed."""
    made = lab.pi(release)
    yield made
    made.discard()


def test_pi_runs_systemd_and_networkmanager(machine: Pi) -> None:
    assert machine.read("/proc/1/comm") == "systemd\n"
    assert machine.run(["systemctl", "--failed", "--plain", "--no-legend"]).output == ""
    assert "eth0" in machine.run(["nmcli", "--terse", "--fields=DEVICE,STATE", "device"]).output
    assert f"inet {machine.address}/24" in machine.run(["ip", "address", "show", "eth0"]).output


def test_login_and_sudo_require_the_password(machine: Pi) -> None:
    assert machine.ssh(["id", "-un"]).output == f"{machine.user}\n"
    refused = machine.ssh(["sudo", "-n", "true"], check=False)
    assert refused.exit == 1
    assert "password is required" in refused.errors
    assert machine.ssh(["sudo", "-S", "id", "-u"], input=f"{machine.password}\n").output == "0\n"


def test_pi_reaches_only_the_registries(machine: Pi) -> None:
    machine.run(["apt-get", "update"])
    machine.run(["python3", "-m", "venv", "/var/tmp/venv"])
    machine.run(["/var/tmp/venv/bin/pip", "download", "--no-deps", "--dest=/var/tmp", "itsdangerous"])
    by_name = machine.run(["curl", "-sS", "https://example.org/"], check=False)
    by_address = machine.run(["curl", "-sS", "http://1.1.1.1/"], check=False)
    assert (by_name.exit, by_address.exit) == (6, 7), "the name resolves, or the refusal is late"


def test_git_server_serves_commits(lab: Lab, machine: Pi) -> None:
    commit = lab.git.commit("hello", {"app.py": "app = None\n"})
    machine.run(["git", "clone", "--quiet", lab.git.url("hello"), "/var/tmp/hello"])
    assert machine.run(["git", "-C", "/var/tmp/hello", "rev-parse", "HEAD"]).output.strip() == commit


def test_laptop_reaches_pushed_files(machine: Pi, tmp_path) -> None:
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "hello.txt").write_text("hello\n")
    machine.push(tmp_path / "page", "/srv/page")
    argv = ["python3", "-m", "http.server", "--directory", "/srv/page", "8000"]
    machine.run(["systemd-run", "--unit=page", "--", *argv])
    answer = eventually(lambda: machine.http("/hello.txt", port=8000))
    assert (answer.status, answer.text) == (200, "hello\n")
    assert machine.http("/nothing", port=8000).status == 404


def test_unplugged_cable_stops_the_network(machine: Pi) -> None:
    machine.cut_network()
    with pytest.raises(TimeoutError):
        machine.http("/", port=22, timeout=1)
    machine.plug_network()
    eventually(lambda: machine.ssh(["true"]))


def test_disk_survives_reboot_power_cut_and_freeze(lab: Lab, pi: Pi) -> None:
    pi.run(["systemd-run", "--unit=goodbye", "--property=ExecStop=touch /var/tmp/goodbye", "sleep", "infinity"])
    boot = (
        pi.read("/proc/sys/kernel/random/boot_id"),
        pi.run(["systemctl", "show", "--value", "-p", "UserspaceTimestamp"]),
    )
    pi.reboot()
    assert pi.run(["systemctl", "show", "--value", "-p", "UserspaceTimestamp"]).output != boot[1].output
    assert pi.run(["test", "-e", "/var/tmp/goodbye"]).ok, "services were not stopped in order"

    pi.run(["systemd-run", "--unit=never", "--property=ExecStop=touch /var/tmp/never", "sleep", "infinity"])
    pi.write("/var/tmp/written", "before the power cut\n")
    pi.power_cut()
    pi.boot()
    assert pi.read("/var/tmp/written") == "before the power cut\n"
    assert not pi.run(["test", "-e", "/var/tmp/never"], check=False).ok, "a service was stopped in order"

    layer = pi.freeze()
    for copy in (lab.pi(pi.variant, layer=layer), lab.pi(pi.variant, layer=layer)):
        assert copy.read("/var/tmp/written") == "before the power cut\n"
        copy.run(["rm", "/var/tmp/written"])
        copy.discard()


def test_disk_can_be_filled_and_freed(lab: Lab, release: str) -> None:
    pi = lab.pi(release, disk=512)
    write = ["dd", "if=/dev/zero", "of=/var/tmp/more", "bs=1M", "count=8", "status=none"]
    pi.fill_disk()
    refused = pi.run(write, check=False)
    assert "No space left on device" in refused.errors
    pi.free_disk()
    pi.run(write)
    pi.discard()


def test_discarded_pi_frees_its_address(lab: Lab, release: str) -> None:
    first = lab.pi(release)
    first.discard()
    second = lab.pi(release)
    assert (second.name != first.name, second.address, second.mac) == (True, first.address, first.mac)
    assert second.ssh(["hostname", "-I"]).output.split()[0] == first.address
    third = lab.pi(release)
    assert third.address != second.address
    assert third.ssh(["hostname", "-I"]).output.split()[0] == third.address
    for pi in (second, third):
        pi.discard()
