"""Take away what a run needs: disk space, the network, a lock, a service."""

from __future__ import annotations

from piwizard.system.commands import Process
from tests.lab.eventually import eventually
from tests.lab.faults.kinds.fault import Fault
from tests.lab.faults.run import Run
from tests.lab.pi import Pi

AWAY = 20.0
"""Seconds without a network: DNS queries and connections time out in that time."""
HELD = 5.0
ANOTHER_APT = (
    "import fcntl, time; f = open('/var/lib/dpkg/lock-frontend', 'w'); fcntl.lockf(f, fcntl.LOCK_EX); "
    f"print('held', flush=True); time.sleep({HELD})"
)
NO_START = "[Service]\nExecStartPre=/bin/false\n"


class Disk(Fault):
    """A full disk until the run has ended; `status` must work meanwhile."""

    disk = 4096

    def trigger(self, pi: Pi, run: Run) -> None:
        pi.fill_disk()

    def repair(self, pi: Pi, run: Run) -> None:
        run.wait()
        looked = pi.run(("piwizard", "status"), check=False)
        pi.free_disk()
        said = looked.output + looked.errors
        assert "Traceback" not in said, said
        assert looked.ok, said


class Network(Fault):
    """An unplugged cable until the run has ended, for 20 seconds at most."""

    serves = False

    def trigger(self, pi: Pi, run: Run) -> None:
        pi.cut_network()

    def repair(self, pi: Pi, run: Run) -> None:
        run.wait_at_most(AWAY)
        pi.plug_network()
        run.wait()
        eventually(pi.wait)


class Apt(Fault):
    """Another program that installs packages for a few seconds, as soon as it can."""

    harmless = True
    _other: Process

    def trigger(self, pi: Pi, run: Run) -> None:
        self._other = pi.start(("python3", "-c", ANOTHER_APT))

    def repair(self, pi: Pi, run: Run) -> None:
        assert self._other.wait().ok
        run.wait()


class Service(Fault):
    """Killed services that fail to start until the run has ended.

    Nobody starts them afterwards.
    """

    serves = False

    def trigger(self, pi: Pi, run: Run) -> None:
        for service in self.journey.services:
            pi.write(self._drop_in(service), NO_START)
        pi.run(("systemctl", "daemon-reload"))
        for service in self.journey.services:
            pi.run(("systemctl", "kill", "--signal=KILL", service), check=False)

    def repair(self, pi: Pi, run: Run) -> None:
        run.wait()
        for service in self.journey.services:
            pi.run(("rm", self._drop_in(service)))
        pi.run(("systemctl", "daemon-reload"))

    def _drop_in(self, service: str) -> str:
        return f"/run/systemd/system/{service}.d/fault.conf"
