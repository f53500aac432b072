"""Measure the bytes that an idle site writes to its card in a day.

    python -m tests.bench.card_writes [--minutes 60] [--release trixie]

A Pi of the lab has a card with ext4 of its own, and serves the sample app with alerts and updates. Nobody visits. All
timers run as on a real Pi, so that a day takes a day: the result is projected from some minutes. The baseline is the
same Pi with these timers stopped: what Debian itself writes. That comes in bursts, by cron, a new DHCP lease or a daily
job: measure for an hour or more, and read which files and which units of the journal have caused it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter

from tests.lab import layers, online
from tests.lab.internet import Reply, Site
from tests.lab.internet.mail import NtfyServer
from tests.lab.lab import Lab
from tests.lab.pi import Pi

ANSWERS = "/root/more.toml"
MORE = '\n[alerts]\nurls = { env = "ALERT_URLS" }\nheartbeat = { env = "HEARTBEAT" }\n[updates]\nsecurity = true\n'
ENVIRONMENT = {"ALERT_URLS": "ntfys://ntfy.example.org/topic", "HEARTBEAT": "https://hc.example.org/beat"}
TIMERS = "piwizard-*.timer"
MARKER = "/run/measured"
CARD_MIB = 3000
SETTLING_SECONDS = 360.0
"""Until the journal has written what the setup has said: journald does that after 5 minutes."""
DAY = 86400.0


def main() -> None:
    """Print the bytes of a day."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.card_writes", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--release", default="trixie")
    asked = parser.parse_args()
    lab = Lab()
    try:
        pi = idle_pi(lab, asked.release)
        print(f"with piwizard's timers: {megabytes_a_day(pi, asked.minutes * 60):.1f} MB a day", flush=True)
        pi.run(("systemctl", "stop", TIMERS))
        print(f"without them: {megabytes_a_day(pi, asked.minutes * 60):.1f} MB a day", flush=True)
    finally:
        lab.close()


def idle_pi(lab: Lab, release: str) -> Pi:
    """Return a Pi that serves a site, with alerts and updates set up."""
    layer = layers.served(lab, release)
    layers.repository(lab)
    pi = lab.pi(release, layer=layer, card=CARD_MIB)
    lab.internet.trust(pi)
    NtfyServer(lab.internet, "ntfy.example.org")
    lab.internet.add_site("hc.example.org", Site(lambda _: Reply("OK")))
    online.connect(lab, pi)
    pi.write(ANSWERS, f"{pi.read('/etc/xdg/piwizard/answers.toml')}{MORE}")
    pi.run(("piwizard", "apply", "alerts", "updates", "--yes", "--answers", ANSWERS), env=ENVIRONMENT)
    pi.run(("piwizard", "alerts", "check", "--all"))
    return pi


def megabytes_a_day(pi: Pi, seconds: float) -> float:
    """Return what the Pi writes in a day, from what it writes in some seconds."""
    time.sleep(SETTLING_SECONDS)
    pi.run(("touch", MARKER))
    before, began = pi.bytes_written(), time.monotonic()
    time.sleep(seconds)
    written, passed = pi.bytes_written() - before, time.monotonic() - began
    print("\n".join(causes(pi, passed)), flush=True)
    return written / passed * DAY / 1e6


def causes(pi: Pi, seconds: float) -> list[str]:
    """Return the files that were written, and how many lines of the journal each program has caused."""
    files = pi.run(("find", "/", "-xdev", "-type", "f", "-newer", MARKER)).output.split()
    since = f"--since=-{seconds:.0f}s"
    lines = pi.run(("journalctl", "--quiet", since, "--output=json", "--output-fields=SYSLOG_IDENTIFIER")).output
    programs = Counter(str(json.loads(line).get("SYSLOG_IDENTIFIER", "")) for line in lines.splitlines())
    return [*(f"  {file}" for file in files), *(f"  {count} lines of {name}" for name, count in programs.items())]


if __name__ == "__main__":
    main()
