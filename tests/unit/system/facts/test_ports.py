import os
import socket

import pytest

from piwizard.system.facts import LiveSource, PortOwner
from piwizard.system.facts import ports as ports_module
from piwizard.system.facts.ports import Listener, read, read_ports, unit_of

APACHE = {"program": "apache2", "pid": 1023, "unit": "apache2.service", "package": "apache2-bin"}
NOT_ROOT = [f"/proc/{pid}/{what}" for pid in (600, 1021, 1022, 1023) for what in ("fd", "exe")]


def test_apache_on_ipv6_sockets_named_by_its_first_process(sample):
    owners = read_ports(sample("vm-bookworm-apache"))
    assert owners == tuple(PortOwner(port=p, words="Apache", guessed=False, **APACHE) for p in (80, 443))


def test_nginx_itself(sample):
    assert read_ports(sample("pi4-trixie")) == (PortOwner(80, "nginx", "nginx", 712, "nginx.service", "nginx", False),)


def test_pihole_of_the_years_with_lighttpd(sample):
    assert read_ports(sample("pi4-pihole5")) == (
        PortOwner(80, "Pi-hole (lighttpd)", "lighttpd", 955, "lighttpd.service", "lighttpd", False),
    )


def test_pihole_that_serves_by_itself_and_is_no_package(sample):
    owner = PortOwner(80, "Pi-hole", "pihole-FTL", 801, "pihole-FTL.service", None, False)
    assert read_ports(sample("pi4-pihole6"))[0] == owner
    assert [each.port for each in read_ports(sample("pi4-pihole6"))] == [80, 443]


def test_lighttpd_alone_is_lighttpd(altered):
    source = altered("pi4-pihole5", {"etc/pihole/setupVars.conf": None})
    assert read_ports(source)[0].words == "lighttpd"


def test_nobody(sample):
    assert read_ports(sample("zero-w-bookworm")) == ()


def test_an_ordinary_user_gets_the_only_server_there_is(altered):
    source = altered("vm-bookworm-apache", denied=NOT_ROOT, root=False)
    assert read_ports(source)[0] == PortOwner(port=80, words="Apache", guessed=True, **APACHE)


def test_an_ordinary_user_with_two_servers_is_told_nothing_wrong(altered):
    source = altered("vm-bookworm-apache", {"proc/1500/comm": "caddy\n"}, denied=NOT_ROOT, root=False)
    assert read_ports(source)[0] == PortOwner(80, "another program", None, None, None, None, False)


def test_a_socket_that_systemd_holds_for_a_service_is_the_services(altered, links):
    changed = links("pi4-trixie") | {"/proc/1/fd/55": "socket:[9001]"}
    assert read_ports(altered("pi4-trixie", links=changed))[0].program == "nginx"


def test_a_socket_that_only_systemd_holds(altered, links):
    changed = {path: to for path, to in links("pi4-trixie").items() if not path.startswith("/proc/71")}
    changed["/proc/1/fd/55"] = "socket:[9001]"
    assert read_ports(altered("pi4-trixie", links=changed))[0].words == "a systemd socket"


def test_a_program_replaced_by_an_upgrade_keeps_its_package(altered, links):
    changed = links("pi4-trixie") | {"/proc/712/exe": "/usr/sbin/nginx (deleted)"}
    assert read_ports(altered("pi4-trixie", links=changed))[0].package == "nginx"


def test_only_listening_sockets_count(sample):
    found = read(sample("pi4-trixie").read("/proc/net/tcp"))
    assert found == [Listener(22, "9"), Listener(80, "9001")]


@pytest.mark.parametrize(
    ("cgroup", "unit"),
    [
        ("0::/system.slice/apache2.service\n", "apache2.service"),
        ("10:memory:/x\n1:name=systemd:/system.slice/system-foo.slice/foo@1.service\n0::/x\n", "foo@1.service"),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/web.service\n", "web.service"),
        ("0::/user.slice/user-1000.slice/session-3.scope\n", "session-3.scope"),
        ("0::/system.slice/nginx.service/worker\n", "nginx.service"),
        ("0::/\n", None),
        ("", None),
    ],
)
def test_units(cgroup, unit):
    assert unit_of(cgroup) == unit


def test_this_very_process(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(ports_module, "PORTS", (server.getsockname()[1],))
        (owner,) = read_ports(LiveSource())
    # The test runner may have started workers, which hold the same socket; the first of the line is named.
    assert owner.pid == os.getpid()
    assert not owner.guessed
