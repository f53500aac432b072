"""Find the programs that listen on ports 80 and 443.

`ss -ltnp` and `dpkg -S` find the same, but would have to be started.
"""

from __future__ import annotations

import re

from piwizard.system.facts.machine_facts import PortOwner
from piwizard.system.facts.source import FactSource
from piwizard.system.lazy_dataclass import dataclass

PORTS = (80, 443)
LISTEN = "0A"
UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
)
DPKG_INFO = "/var/lib/dpkg/info"
OTHER_NAMES = {"node": "nodejs"}
PROGRAM_TITLES = {
    "nginx": "nginx",
    "apache2": "Apache",
    "lighttpd": "lighttpd",
    "caddy": "Caddy",
    "pihole-FTL": "Pi-hole",
    "haproxy": "HAProxy",
    "traefik": "Traefik",
    "docker-proxy": "a Docker container",
    "rootlessport": "a Podman container",
    "conmon": "a Podman container",
    "AdGuardHome": "AdGuard Home",
    "gunicorn": "gunicorn",
    "node": "a Node.js program",
    "systemd": "a systemd socket",
}


@dataclass(frozen=True)
class Listener:
    """A listening TCP socket: its port and its inode, by which processes refer to it."""

    port: int
    inode: str


def read_ports(source: FactSource) -> tuple[PortOwner, ...]:
    """Return the owners of ports 80 and 443, in that order.

    Ports without a listener are skipped.
    """
    listeners = [
        listener
        for table in ("tcp", "tcp6")
        for listener in parse_listeners(source.read(f"/proc/net/{table}") or "")
        if listener.port in PORTS
    ]
    if not listeners:
        return ()
    running = _programs(source)
    return tuple(
        _owner(source, port, {each.inode for each in listeners if each.port == port}, running)
        for port in PORTS
        if any(each.port == port for each in listeners)
    )


def parse_listeners(table: str) -> list[Listener]:
    """Return the listening sockets of /proc/net/tcp or tcp6."""
    found = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == LISTEN:
            found.append(Listener(int(fields[1].rsplit(":", 1)[1], 16), fields[9]))
    return found


def _owner(source: FactSource, port: int, inodes: set[str], running: dict[str, str]) -> PortOwner:
    pid = _holder(source, inodes, running)
    guessed = pid is None
    if pid is None:
        pid = _only_server(source, running)
    if pid is None:
        return PortOwner(port, "another program", None, None, None, None, False)
    program = running[pid]
    path = (source.link(f"/proc/{pid}/exe") or "").removesuffix(" (deleted)")
    unit = unit_of(source.read(f"/proc/{pid}/cgroup") or "")
    if program == "systemd":
        unit = _socket_unit(source, port)
    words = PROGRAM_TITLES.get(program, program)
    if program == "lighttpd" and source.exists("/etc/pihole"):
        words = "Pi-hole (lighttpd)"
    package = find_package(source, path or f"/usr/sbin/{program}")
    return PortOwner(port, words, program, int(pid), unit, package, guessed)


def _holder(source: FactSource, inodes: set[str], running: dict[str, str]) -> str | None:
    """Return the process that has one of the sockets open; of a server and its workers, the server."""
    # Known servers first, as the search usually ends there. Process 1 last, as it opens sockets for services.
    order = sorted(running, key=lambda pid: (pid == "1", running[pid] not in PROGRAM_TITLES, int(pid)))
    holder = next((pid for pid in order if _holds(source, pid, inodes)), None)
    while holder is not None:
        parent = _parent(source, holder)
        if parent not in running or parent == "1" or not _holds(source, parent, inodes):
            break
        holder = parent
    return holder


def _holds(source: FactSource, pid: str, inodes: set[str]) -> bool:
    folder = f"/proc/{pid}/fd"
    wanted = {f"socket:[{inode}]" for inode in inodes}
    return any(source.link(f"{folder}/{number}") in wanted for number in source.listdir(folder) or [])


def _only_server(source: FactSource, running: dict[str, str]) -> str | None:
    """Return the only kind of server that runs, if this user cannot read the processes."""
    servers = {pid for pid in running if running[pid] in PROGRAM_TITLES and pid != "1"}
    if len({running[pid] for pid in servers}) != 1:
        return None
    first = [pid for pid in servers if _parent(source, pid) not in servers]
    return min(first or servers, key=int)


def _programs(source: FactSource) -> dict[str, str]:
    """Return the name of each process by its ID."""
    pids = [name for name in source.listdir("/proc") or [] if name.isdigit()]
    return {pid: name.strip() for pid in pids if (name := source.read(f"/proc/{pid}/comm"))}


def _parent(source: FactSource, pid: str) -> str:
    # The second field is the name in brackets, which may contain spaces and brackets itself.
    fields = (source.read(f"/proc/{pid}/stat") or "").rpartition(")")[2].split()
    return fields[1] if len(fields) > 1 else ""


def unit_of(cgroup: str) -> str | None:
    """Return the systemd unit in a /proc/PID/cgroup file.

    It is the innermost service, socket or scope.
    """
    for line in cgroup.splitlines():
        hierarchy, _, path = line.partition(":")[2].partition(":")
        if hierarchy in {"", "name=systemd"}:
            for part in reversed(path.split("/")):
                if part.endswith((".service", ".scope", ".socket")):
                    return part
    return None


def _socket_unit(source: FactSource, port: int) -> str | None:
    """Return the socket unit that names a port; None if none or several do."""
    found = {
        name
        for folder in UNIT_FOLDERS
        for name in source.listdir(folder) or []
        if name.endswith(".socket") and _listens(source.read(f"{folder}/{name}") or "", port)
    }
    return found.pop() if len(found) == 1 else None


def _listens(unit: str, port: int) -> bool:
    values = re.findall(r"^\s*ListenStream\s*=\s*(\S+)\s*$", unit, re.MULTILINE)
    return any(value.rpartition(":")[2] == str(port) for value in values)


def find_package(source: FactSource, path: str) -> str | None:
    """Return the package of a program; None if no package of a similar name has it.

    Only the few packages named like the program are read: reading the lists of all of them takes
    seconds from an SD card.
    """
    program = path.rsplit("/", 1)[-1]
    stem = OTHER_NAMES.get(program, program)[:6]
    wanted = {path, path.removeprefix("/usr"), f"/usr{path}"}
    for name in sorted(source.listdir(DPKG_INFO) or []):
        if name.startswith(stem) and name.endswith(".list"):
            lines = (source.read(f"{DPKG_INFO}/{name}") or "").splitlines()
            if not wanted.isdisjoint(lines):
                return name.removesuffix(".list").partition(":")[0]
    return None
