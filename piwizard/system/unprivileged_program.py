"""Run a small Python program in a unit without rights and with limits.

For programs that talk to strangers: what another server sends is parsed in there only. Input is a secret, so it goes
through stdin.
"""

from __future__ import annotations

import os
from pathlib import Path

from piwizard.system import commands
from piwizard.system.commands import Result

PROPERTIES = (
    *("DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes"),
    *("PrivateDevices=yes", "ProtectKernelTunables=yes", "ProtectKernelModules=yes", "ProtectKernelLogs=yes"),
    *("ProtectControlGroups=yes", "ProtectClock=yes", "ProtectHostname=yes", "ProtectProc=invisible"),
    *("RestrictNamespaces=yes", "RestrictRealtime=yes", "LockPersonality=yes", "CapabilityBoundingSet="),
    *("RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK", "SystemCallArchitectures=native"),
    *("SystemCallFilter=@system-service", "InaccessiblePaths=-/srv -/etc/piwizard -/etc/letsencrypt"),
    *("MemoryMax=160M", "MemorySwapMax=0", "LimitDATA=512M", "LimitFSIZE=1M", "TasksMax=32", "Nice=10"),
)
PYTHON = ("/usr/bin/python3", "-I")


def run_unprivileged(name: str, description: str, program: Path | str, *, input: str, seconds: int) -> Result:
    """Run a program with the system's Python, from a file or as text.

    Never takes much longer than `seconds`.
    """
    source = (str(program),) if isinstance(program, Path) else ("-c", program)
    argv = (
        *("systemd-run", "--quiet", "--pipe", "--wait", "--collect", f"--unit=piwizard-{name}-{os.getpid()}"),
        *(f"--description={description}", *(f"--property={one}" for one in PROPERTIES)),
        *(f"--property=RuntimeMaxSec={seconds}", "--", *PYTHON, *source),
    )
    return commands.run(argv, input=input, timeout=seconds + 15)
