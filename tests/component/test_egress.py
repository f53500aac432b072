"""Test an app's network access: only the Internet, unless the answers allow more."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from piwizard.sandbox.namespaces import Namespace
from tests.lab import product, quickstart
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.network import LAPTOP, ROUTER
from tests.lab.pi import Pi

APP = """
import os
import socket

from flask import Flask

app = Flask(__name__)


def tcp(where, port):
    socket.create_connection((where, port), 3).close()


def udp(where, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, int(os.environ["BROADCAST"]), 1)
        sender.sendto(b"x", (where, port))


def unix(where, port):
    with socket.socket(socket.AF_UNIX) as bus:
        bus.connect("/" + where.replace("-", "/"))


def name(where, port):
    socket.getaddrinfo(where, port)


@app.get("/")
def index():
    return "It works."


@app.get("/try/<kind>/<where>/<int:port>")
def attempt(kind, where, port):
    try:
        globals()[kind](where, port)
        return "reached"
    except OSError as error:
        return type(error).__name__


@app.get("/fail/<where>/<int:port>")
def fail(where, port):
    tcp(where, port)
    return "reached"
"""
BUS = "/try/unix/run-dbus-system_bus_socket/0"
AT_HOME = (
    f"/try/tcp/{ROUTER}/80",
    f"/try/tcp/{LAPTOP}/9418",
    f"/try/tcp/::ffff:{LAPTOP}/9418",
    f"/try/udp/{LAPTOP}/53",
    "/try/udp/224.0.0.251/5353",
    "/try/udp/239.255.255.250/1900",
    "/try/udp/192.168.1.255/9",
    "/try/udp/255.255.255.255/9",
)


def answers(repo: str, more: str = "") -> str:
    return f"""\
[site]
name = "myflask"
domains = ["{quickstart.HOST}"]

[app]
repo = "{repo}"
env = {{ BROADCAST = "6" }}
{more}"""


@pytest.fixture(scope="module")
def pi(lab: Lab) -> Iterator[Pi]:
    """Return a Pi with an app that tries every connection that a test requests."""
    lab.git.commit("egress", {"app.py": APP})
    ready = product.ready_pi(lab, "trixie")
    ready.write(quickstart.ANSWERS, answers(lab.git.url("egress")))
    quickstart.apply(ready, "--answers", quickstart.ANSWERS)
    yield ready
    ready.discard()


def asked(pi: Pi, path: str) -> str:
    return pi.http(path, host=quickstart.HOST).text


def doctor(pi: Pi) -> str:
    return " ".join(pi.run(("piwizard", "doctor", "--all"), check=False).output.split())


def lets_in(pi: Pi, *addresses: str) -> None:
    shown = pi.run(("systemctl", "show", "--value", "--property=IPAddressAllow", "myflask.service")).output
    assert set(shown.split()) == set(addresses)


def answers_to(pi: Pi, path: str, wanted: str) -> None:
    assert asked(pi, path) == wanted


def global_address(machine: Namespace | Pi) -> str:
    """Return its address with the prefix that the router advertises."""
    shown = machine.run(("ip", "-6", "-o", "address", "show", "scope", "global")).output
    found = re.findall(r"inet6 (2a00:[0-9a-f:]+)/", shown)
    assert found, shown
    return found[0]


def test_app_cannot_reach_the_home_network(lab: Lab, pi: Pi) -> None:
    for path in (*AT_HOME, f"/try/tcp/{pi.address}/22"):
        assert asked(pi, path) in ("OSError", "PermissionError"), path
    assert asked(pi, BUS) == "PermissionError"
    assert asked(pi, "/") == "It works."
    assert asked(pi, "/try/name/pypi.org/443") == "reached"
    assert asked(pi, "/try/tcp/pypi.org/443") == "reached"
    assert asked(pi, f"/try/tcp/{ROUTER}/53") == "reached"
    assert asked(pi, "/try/tcp/127.0.0.1/22") == "reached"
    assert asked(pi, "/try/tcp/::1/22") == "reached"


def test_doctor_names_the_blocked_address_and_the_answer_that_allows_it(pi: Pi) -> None:
    asked(pi, f"/try/tcp/{LAPTOP}/1883")
    said = doctor(pi)
    assert f"{LAPTOP} port 1883 (TCP)" in said
    assert 'network = "home" under [app] of myflask' in said
    assert pi.http(f"/fail/{LAPTOP}/1883", host=quickstart.HOST).status == 500
    assert re.search(r"app\.py:\d+ in tcp: OSError", doctor(pi))


def test_new_name_server_is_allowed(pi: Pi) -> None:
    before = pi.read("/etc/resolv.conf")
    lets_in(pi, f"{ROUTER}/32")
    pi.write("/etc/resolv.conf", f"nameserver {LAPTOP}\nnameserver fe80::1%eth0\n")
    eventually(lambda: lets_in(pi, f"{LAPTOP}/32", "fe80::1/128"))
    pi.write("/etc/resolv.conf", before)
    eventually(lambda: lets_in(pi, f"{ROUTER}/32"))


def test_global_addresses_of_neighbours_are_blocked(lab: Lab, pi: Pi) -> None:
    lab.router.ipv6(True)
    try:
        laptop = eventually(lambda: global_address(lab.network.laptop))
        own = eventually(lambda: global_address(pi))
        assert asked(pi, f"/try/tcp/{laptop}/22") == "PermissionError"
        assert asked(pi, f"/try/tcp/{own}/22") == "PermissionError"
        eventually(
            lambda: answers_to(pi, "/try/tcp/2a00:7b80:33::1/22", "ConnectionRefusedError")
        )  # outside the home network
    finally:
        lab.router.ipv6(False)


def test_flushed_packet_filter_opens_only_the_name_server(pi: Pi) -> None:
    pi.run(("systemctl", "stop", "piwizard-egress.timer", "piwizard-egress.path"))  # resolv.conf may change just now
    pi.run(("nft", "flush", "ruleset"))
    assert asked(pi, f"/try/tcp/{ROUTER}/80") == "ConnectionRefusedError"
    # The unit's own filter drops the packets: the kernel gives up by time, or as unreachable on a busy machine.
    assert asked(pi, f"/try/tcp/{LAPTOP}/9418") in ("TimeoutError", "OSError")
    assert asked(pi, "/try/udp/224.0.0.251/5353") == "PermissionError"
    assert "nftables has no rules for the app" in doctor(pi)
    pi.run(("systemctl", "start", "piwizard-egress.service", "piwizard-egress.timer", "piwizard-egress.path"))
    assert asked(pi, f"/try/tcp/{ROUTER}/80") == "OSError"
    assert "Home network closed to the app (myflask): it reaches the Internet only" in doctor(pi)


def test_egress_rules_survive_a_reboot(pi: Pi) -> None:
    pi.reboot()
    eventually(lambda: answers_to(pi, "/", "It works."))
    eventually(lambda: answers_to(pi, "/try/name/pypi.org/443", "reached"))
    assert asked(pi, f"/try/tcp/{ROUTER}/80") == "OSError"
    assert asked(pi, f"/try/tcp/{LAPTOP}/9418") == "OSError"


@pytest.mark.nightly
def test_new_version_gets_no_more_access(lab: Lab, pi: Pi) -> None:
    lab.git.commit("egress", {"app.py": APP + f'\nBROKER = "mqtt://{LAPTOP}"\nBUS = "/run/dbus/system_bus_socket"\n'})
    pi.run(("piwizard", "deploy"))
    assert asked(pi, f"/try/tcp/{LAPTOP}/9418") == "OSError"
    assert 'network = "home" under [app] would allow it' in doctor(pi)


@pytest.mark.nightly
def test_home_network_is_open_if_the_answers_allow_it(lab: Lab, pi: Pi) -> None:
    pi.write(quickstart.ANSWERS, answers(lab.git.url("egress"), 'network = "home"\n'))
    quickstart.apply(pi, "--answers", quickstart.ANSWERS)
    assert asked(pi, f"/try/tcp/{LAPTOP}/9418") == "reached"
    assert asked(pi, f"/try/tcp/{ROUTER}/80") == "ConnectionRefusedError"
    assert asked(pi, "/try/udp/255.255.255.255/9") == "reached"
    assert asked(pi, "/try/udp/224.0.0.251/5353") == "reached"
    assert asked(pi, BUS) == "reached", "the bus in the code is not found"
    assert "tried to reach the home network" not in doctor(pi)


@pytest.mark.nightly
def test_undo_removes_the_egress_rules(pi: Pi) -> None:
    pi.run(("piwizard", "undo", "--all", "--data", "--packages", "--yes"))
    assert not (pi.files / "etc/piwizard/egress").exists()
    assert not (pi.files / "usr/local/lib/piwizard/egress.py").exists()
    assert (
        pi.run(("systemctl", "list-unit-files", "piwizard-egress*"), check=False).output.count("piwizard-egress") == 0
    )
    assert "piwizard_egress" not in pi.run(("cat", "/proc/net/nf_tables_tables"), check=False).output


@pytest.mark.nightly
def test_new_site_gets_the_needed_home_network_with_a_warning(lab: Lab, pi: Pi) -> None:
    lab.git.commit("mqtt", {"app.py": APP + f'\nBROKER = "mqtt://{LAPTOP}"\n'})
    pi.write(quickstart.ANSWERS, answers(lab.git.url("mqtt")))
    said = " ".join(pi.run(("piwizard", "plan", "--answers", quickstart.ANSWERS), check=False).output.split())
    assert f"it uses the address {LAPTOP} (app.py:" in said
    quickstart.apply(pi, "--answers", quickstart.ANSWERS)
    assert asked(pi, f"/try/tcp/{LAPTOP}/9418") == "reached"
    assert asked(pi, BUS) == "PermissionError"
