"""Advise how to give nginx a port that another program listens on.

Pi-hole and AdGuard Home serve DNS for the home, and a container engine or systemd serves other programs: none of them
is ever to be stopped for a web port.
"""

from __future__ import annotations

from piwizard.system.facts.machine_facts import PortOwner

FREE_PORTS = {80: 8080, 443: 8443}
"""Where the other program's pages may move."""
CONTAINER_UNITS = ("docker-", "libpod-", "crio-", "cri-containerd-", "nerdctl-", "balena-")
"""How container engines name the scopes of their containers."""
DOCKER_PROGRAMS = ("docker-proxy", "dockerd", "balena-engine-p", "balena-engine")
PODMAN_PROGRAMS = ("conmon", "podman", "rootlessport", "rootlessport-ch", "slirp4netns", "pasta", "pasta.avx2")
OTHER_ENGINES = ("containerd", "containerd-shim", "nerdctl", "k3s", "k3s-server", "lxc-start", "lxd", "incusd")
SETTINGS_OF_WEB_SERVERS = {
    "apache2": "write `Listen {free}` in place of `Listen {port}` in /etc/apache2/ports.conf",
    "lighttpd": "write `server.port = {free}` into /etc/lighttpd/lighttpd.conf",
    "caddy": "write another port into the addresses in /etc/caddy/Caddyfile",
    "haproxy": "write another port after `bind` in /etc/haproxy/haproxy.cfg",
    "traefik": "write another port into the addresses of its entry points",
}
MAY_BE_STOPPED = ("apache2", "lighttpd", "caddy", "haproxy", "traefik")
"""Programs that only serve pages, so that nothing else at home depends on them."""


def how_to_move(owner: PortOwner) -> str:
    """Say, in whole sentences, how to move a program to another port."""
    port, free = owner.port, FREE_PORTS[owner.port]
    return f"{_way(owner, port, free)} Then apply again."


def is_container(owner: PortOwner) -> bool:
    """Return whether a program runs in a container on the host's network."""
    return (owner.unit or "").startswith(CONTAINER_UNITS)


def _way(owner: PortOwner, port: int, free: int) -> str:
    program, unit = owner.program or "", owner.unit
    if program == "pihole-FTL":
        return (
            "Move Pi-hole's web pages to other ports: run `sudo pihole-FTL --config webserver.port "
            "'8080o,8443os,[::]:8080o,[::]:8443os'` and `sudo systemctl restart pihole-FTL`. Its DNS stays as it is, "
            "and its pages are at port 8080."
        )
    if program == "lighttpd" and owner.words != "lighttpd":
        return (
            f"Move Pi-hole's web pages to another port: write `server.port := {free}` into "
            "/etc/lighttpd/external.conf and run `sudo systemctl restart lighttpd`. Its DNS stays as it is."
        )
    if program == "AdGuardHome":
        key = "`port_https` below `tls:`" if port == 443 else "`address` below `http:`"
        value = str(free) if port == 443 else f"0.0.0.0:{free}"
        return (
            f"Move AdGuard Home's web pages to another port: run `sudo systemctl stop AdGuardHome`, set {key} to "
            f"{value} in AdGuardHome.yaml (usually in /opt/AdGuardHome), and run `sudo systemctl start AdGuardHome`."
        )
    if program in DOCKER_PROGRAMS or program in PODMAN_PROGRAMS or program in OTHER_ENGINES or is_container(owner):
        return _container(owner, port, free)
    if program == "systemd" or (unit or "").endswith(".socket"):
        return _socket(unit, port, free)
    if program in SETTINGS_OF_WEB_SERVERS:
        move = SETTINGS_OF_WEB_SERVERS[program].format(port=port, free=free)
        stop = f", or run `sudo systemctl disable --now {unit}` if you no longer need it" if unit else ""
        return f"To keep it, {move} and run `sudo systemctl restart {unit or program}`{stop}."
    named = f" and run `sudo systemctl restart {unit}`" if unit and unit.endswith(".service") else ", and restart it"
    return f"Set another port, such as {free}, in its settings{named}."


def _container(owner: PortOwner, port: int, free: int) -> str:
    unit, program = owner.unit or "", owner.program or ""
    docker = program in DOCKER_PROGRAMS or unit.startswith(("docker-", "balena-"))
    podman = program in PODMAN_PROGRAMS or unit.startswith("libpod-")
    if is_container(owner):
        tool = "podman" if podman else "docker" if docker else "your container engine"
        return (
            f"The program runs in a container that shares the network of this machine ({tool}): set another port, such "
            f"as {free}, in its own settings, or start it without the host's network and publish {free}:{port}."
        )
    if docker or podman:
        tool = "docker" if docker else "podman"
        find = f"`docker ps --filter publish={port}`" if docker else "`podman ps` (with sudo for those of root)"
        return (
            f"Move the port of the container: {find} names it. Write `{free}:{port}` in place of `{port}:{port}` under "
            f"`ports:` of its compose file and run `{tool} compose up -d`, or start it again with `-p {free}:{port}`."
        )
    return f"Move the port of the container to another one, such as {free}, in the settings of your container engine."


def _socket(unit: str | None, port: int, free: int) -> str:
    named = unit if unit and unit.endswith(".socket") else ""
    find = "" if named else "`systemctl list-sockets` names the socket unit that listens there. "
    socket = named or "NAME.socket"
    return (
        f"{find}Move the socket to another port: run `sudo systemctl edit {socket}`, write the lines `[Socket]`, "
        f"`ListenStream=` and `ListenStream={free}`, and run `sudo systemctl restart {socket}`."
    )
