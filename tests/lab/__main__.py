"""Boot a Pi to try by hand: `python -m tests.lab [VARIANT] [--push]`."""

from __future__ import annotations

import argparse
import shlex
import signal
from pathlib import Path

from tests.lab.images import VARIANTS
from tests.lab.lab import Lab


def main() -> None:
    """Boot a Pi, print how to log in, and discard it at Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    parser.add_argument("variant", nargs="?", default="trixie", choices=sorted(VARIANTS))
    parser.add_argument("--push", action="store_true", help="copy this checkout to ~/piwizard on the Pi")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    lab = Lab()
    try:
        pi = lab.pi(chosen.variant)
        if chosen.push:
            pi.push(Path(__file__).parents[2], f"/home/{pi.user}/piwizard", owner=pi.user)
        leader = pi.container.leader
        print(f"A {chosen.variant} Pi is up at {pi.address}, user {pi.user}, password {pi.password}.", flush=True)
        print(f"\nAs a person, over SSH from the laptop:\n  {shlex.join(pi.ssh_argv(tty=True))}")
        print(f"As root, in it:\n  nsenter -t {leader} -a env -i PATH=/usr/sbin:/usr/bin TERM=$TERM bash -l")
        laptop = ("nsenter", f"--target={lab.lifeline.pid}", "--mount", f"--net={lab.network.laptop.path}", "bash")
        print(f"On the laptop, to curl and ping:\n  {shlex.join(laptop)}")
        print(f"\nIts files: {pi.files}\nCtrl-C throws it away.", flush=True)
        signal.pause()
    except KeyboardInterrupt:
        print("Switched off.")
    finally:
        lab.close()


if __name__ == "__main__":
    main()
