import os
import socket

import pytest

from piwizard.system.facts import LiveSource, PortOwner
from piwizard.system.facts import ports as ports_module
from piwizard.system.facts.ports import Listener, parse_listeners, read_ports, unit_of

APACHE = {"program": "apache2", "pid": 1023, "unit": "apache2.service", "package": "apache2-bin"}
NOT_ROOT = [f"/proc/{pid}/{what}" for pid in (600, 1021, 1022, 1023) for what in ("fd", "exe")]


def test_apache_on_ipv6_is_named_by_its_first_process(sample):
    owners = read_ports(sample("vm-bookworm-apache"))
    assert owners == tuple(PortOwner(port=p, words="Apache", guessed=False, **APACHE) for p in (80, 443))


def test_nginx_is_the_owner(sample):
    assert read_ports(sample("pi4-trixie")) == (PortOwner(80, "nginx", "nginx", 712, "nginx.service", "nginx", False),)


def test_old_pihole_with_lighttpd_is_named(sample):
    assert read_ports(sample("pi4-pihole5")) == (
        PortOwner(80, "Pi-hole (lighttpd)", "lighttpd", 955, "lighttpd.service", "lighttpd", False),
    )


def test_new_pihole_without_a_package_is_named(sample):
    owner = PortOwner(80, "Pi-hole", "pihole-FTL", 801, "pihole-FTL.service", None, False)
    assert read_ports(sample("pi4-pihole6"))[0] == owner
    assert [each.port for each in read_ports(sample("pi4-pihole6"))] == [80, 443]


def test_lighttpd_without_pihole_is_named(altered):
    source = altered("pi4-pihole5", {"etc/pihole/setupVars.conf": None})
    assert read_ports(source)[0].words == "lighttpd"


def test_free_ports_have_no_owner(sample):
    assert read_ports(sample("zero-w-bookworm")) == ()


def test_ordinary_user_sees_the_only_server(altered):
    source = altered("vm-bookworm-apache", denied=NOT_ROOT, root=False)
    assert read_ports(source)[0] == PortOwner(port=80, words="Apache", guessed=True, **APACHE)


def test_ordinary_user_sees_no_owner_of_two_servers(altered):
    source = altered("vm-bookworm-apache", {"proc/1500/comm": "caddy\n"}, denied=NOT_ROOT, root=False)
    assert read_ports(source)[0] == PortOwner(80, "another program", None, None, None, None, False)


def test_systemd_socket_belongs_to_its_service(altered, links):
    changed = links("pi4-trixie") | {"/proc/1/fd/55": "socket:[9001]"}
    assert read_ports(altered("pi4-trixie", links=changed))[0].program == "nginx"


def test_systemd_socket_without_a_service(altered, links):
    changed = {path: to for path, to in links("pi4-trixie").items() if not path.startswith("/proc/71")}
    changed["/proc/1/fd/55"] = "socket:[9001]"
    assert read_ports(altered("pi4-trixie", links=changed))[0].words == "a systemd socket"


def test_upgraded_program_has_its_package(altered, links):
    changed = links("pi4-trixie") | {"/proc/712/exe": "/usr/sbin/nginx (deleted)"}
    assert read_ports(altered("pi4-trixie", links=changed))[0].package == "nginx"


def test_only_listening_sockets_are_parsed(sample):
    found = parse_listeners(sample("pi4-trixie").read("/proc/net/tcp"))
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
def test_unit_comes_from_the_cgroup(cgroup, unit):
    assert unit_of(cgroup) == unit


def test_port_of_this_process_is_found(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(ports_module, "PORTS", (server.getsockname()[1],))
        (owner,) = read_ports(LiveSource())
    # Workers of the test runner may have the same socket; the first process of the family is named.
    assert owner.pid == os.getpid()
    assert not owner.guessed


@pytest.mark.parametrize(
    ("value", "unit"), [("80", "web.socket"), ("[::]:80", "web.socket"), ("8080", None), ("/run/web.sock", None)]
)
def test_systemd_socket_is_named_by_its_unit_file(altered, links, value, unit):
    changed = {path: to for path, to in links("pi4-trixie").items() if not path.startswith("/proc/71")}
    changed["/proc/1/fd/55"] = "socket:[9001]"
    files = {"etc/systemd/system/web.socket": f"[Socket]\nListenStream={value}\n"}
    assert read_ports(altered("pi4-trixie", files, links=changed))[0].unit == unit
