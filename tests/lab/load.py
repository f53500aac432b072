"""Send requests to a site all the time, as its visitors do while something is changed."""

from __future__ import annotations

import re
from pathlib import Path

from piwizard.system import commands
from piwizard.system.commands import Process
from tests.lab import quickstart
from tests.lab.lab import Lab
from tests.lab.pi import Pi

PACE = Path(__file__).with_name("pace.lua")
"""A pause between two requests of a visitor: without it they take the processor from the change that is tested."""


def load(lab: Lab, pi: Pi, seconds: int = 300) -> Process:
    """Start four visitors in the laptop; they end with `verdict`, or after some seconds."""
    options = ("-t1", "-c4", f"-d{seconds}s", "--timeout", "30s", "-s", str(PACE), "-H", f"Host: {quickstart.HOST}")
    return commands.start(lab.lifeline.on(("wrk", *options, f"http://{pi.address}/"), net=lab.network.laptop.path))


def verdict(visitors: Process) -> tuple[int, str]:
    """Return how many requests were answered, and which failed."""
    visitors.signal(2)
    said = visitors.wait().output
    failed = re.findall(r"(?:Socket errors|Non-2xx or 3xx responses).*", said)
    (answered,) = re.findall(r"(\d+) requests in", said)
    return int(answered), "; ".join(failed)
