"""kill -9 at every event of a run in turn, then the same command again: the end must be the same, file by file.

    python -m tests.lab.sweep [JOURNEY] [--release trixie] [--points 3,17,40 | --sample 6] [--done FILE]

`road` is the first set-up; `deploy` brings a second version, while a visitor looks whether the site is ever down. The
others are called like the steps that they take alone.

Prints each point and, last, how many were tried and how many failed. `--done FILE` notes the points that held, and
leaves them out when the sweep is started again.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPException
from pathlib import Path
from typing import ClassVar

from piwizard.machine.commands import Result
from piwizard.machine.files import digest
from piwizard.rehearsal import groups
from tests.lab import home, online, product, road, tame
from tests.lab.eventually import eventually
from tests.lab.images import Layer
from tests.lab.lab import Lab
from tests.lab.miniupnpd import MiniUpnpd
from tests.lab.pi import Pi

COUNTED = {"change-started", "change-finished", "command-started", "command-finished", "file-written", "path-altered"}
# What differs from one undisturbed run to the next as well.
VOLATILE = (
    "var/lib/piwizard/state.json",
    "journal.jsonl",
    "etc/machine-id",
    "etc/resolv.conf",
    "etc/NetworkManager",
    "etc/systemd/system/piwizard",
    "etc/ld.so.cache",
    "app/.git/index",
    "app/.git/logs/",
    "etc/letsencrypt/accounts/",
    "etc/letsencrypt/archive/",
    "etc/letsencrypt/renewal/",
    "etc/letsencrypt/.updated",
    "var/lib/piwizard/attempts.json",
    "var/lib/piwizard/renewals/",
)


@dataclass
class Sweep(ABC):
    """A journey on one release: a run that nobody disturbs, then one killed at each of its events."""

    lab: Lab
    release: str
    repo: str

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps that must be done in the end; empty: all there are."""
        return ()

    @cached_property
    @abstractmethod
    def layer(self) -> Layer:
        """Where each run begins."""

    @abstractmethod
    def command(self, pi: Pi, *options: str) -> Result:
        """The command that starts a run, and that is given again after the kill."""

    @abstractmethod
    def well(self, pi: Pi) -> None:
        """Asserts what a visitor must get in the end."""

    def visitor(self, pi: Pi) -> AbstractContextManager[list[str]]:
        """Somebody who looks at the site all the time; gives what failed."""
        return nullcontext([])

    def reference(self) -> tuple[int, dict[str, tuple[object, ...]]]:
        """How many events an undisturbed run counts, and what it leaves."""
        pi = self.pi()
        result = self.command(pi)
        assert result.ok, f"{result.output[-2000:]}{result.errors}"
        self.well(pi)
        (run,) = {event["run"] for event in road.events(pi)}
        counted, left = _counted(_record(pi, run)), _left(pi)
        pi.discard()
        return counted, left

    def kill_at(self, point: int, wanted: dict[str, tuple[object, ...]]) -> list[str]:
        """Kills a run at its event of that number and gives the command again. Returns what is wrong afterwards."""
        pi = self.pi()
        try:
            with self.visitor(pi) as failures:
                assert self.command(pi, "--detach").ok
                _kill(pi, point)
                secrets = _secrets(pi)
                wrong = [] if _nginx_loads(pi) else ["nginx was left with a configuration that does not load"]
                again = self.command(pi)
            wrong += failures[:3]
            if not again.ok:
                return [*wrong, f"again: {again.errors or again.output[-500:]}"]
            self.well(pi)
            wrong += [] if _secrets(pi) == secrets else ["a secret was generated anew"]
            states = {step: state for step, state in road.states(pi).items() if not self.steps or step in self.steps}
            wrong += [] if set(states.values()) == {"done"} else [f"states: {states}"]
            return wrong + _differences(wanted, _left(pi))
        except AssertionError as error:
            return [str(error)]
        finally:
            pi.discard()

    def pi(self) -> Pi:
        """A Pi where each run begins; also for what the world around it must look like then."""
        return self.lab.pi(self.release, layer=self.layer)


class Road(Sweep):
    """The first set-up, from an answers file."""

    @cached_property
    def layer(self) -> Layer:
        self.lab.git.commit(self.repo, tame.FILES)
        return product.installed(self.lab, self.release)

    def command(self, pi: Pi, *options: str) -> Result:
        pi.write(road.ANSWERS, tame.answers(self.lab.git.url(self.repo)))
        return road.apply(pi, "--answers", road.ANSWERS, *options, check=False)

    def well(self, pi: Pi) -> None:
        road.serves(pi)


class Deploy(Sweep):
    """A second version of an app that is served already."""

    @cached_property
    def layer(self) -> Layer:
        first = Road(self.lab, self.release, self.repo)
        pi = self.lab.pi(self.release, layer=first.layer)
        assert first.command(pi).ok
        second = tame.APP.replace('return "It works. "', 'return "Second. "')
        self.lab.git.commit(self.repo, {"app.py": second, "requirements.txt": "flask\nitsdangerous\n"})
        return pi.freeze()

    def command(self, pi: Pi, *options: str) -> Result:
        return pi.run(("piwizard", "deploy", *options), check=False)

    def well(self, pi: Pi) -> None:
        assert pi.http("/", host=road.HOST).text.startswith("Second.")

    @contextmanager
    def visitor(self, pi: Pi) -> Iterator[list[str]]:
        failures: list[str] = []
        gone = threading.Event()

        def look() -> None:
            while not gone.wait(0.05):
                try:
                    status = pi.http("/", host=road.HOST, timeout=60.0).status
                except (OSError, HTTPException) as error:
                    failures.append(f"a visitor got {error!r}")
                else:
                    failures.extend([f"a visitor got {status}"] if status != 200 else [])

        looking = threading.Thread(target=look)
        looking.start()
        try:
            yield failures
        finally:
            gone.set()
            looking.join()


class Alone(Sweep):
    """One step of the machine by itself, on a Pi with piwizard installed. `answers` is the file that it is given."""

    step: ClassVar[str]
    answers: ClassVar[str]

    @property
    def steps(self) -> tuple[str, ...]:
        return (self.step,)

    @cached_property
    def layer(self) -> Layer:
        return product.installed(self.lab, self.release)

    def command(self, pi: Pi, *options: str) -> Result:
        pi.write(road.ANSWERS, self.answers)
        return road.apply(pi, self.step, "--answers", road.ANSWERS, *options, check=False)


class DynamicDns(Alone):
    """Dynamic DNS at DuckDNS; the world outside is as before each time."""

    step = "ddns"
    answers = home.DUCKDNS

    @cached_property
    def layer(self) -> Layer:
        return home.reachable(self.lab, self.release)

    def pi(self) -> Pi:
        home.open_accounts(self.lab)
        return super().pi()

    def command(self, pi: Pi, *options: str) -> Result:
        pi.write("/root/secret", home.TOKEN)
        return super().command(pi, *options)

    def well(self, pi: Pi) -> None:
        assert self.lab.internet.visitor.resolve(home.DUCK) == [self.lab.router.public]
        assert len(self.lab.internet.duckdns.requests) <= 3, "asked too often"


class Router(Alone):
    """Forwards by UPnP, kept by a timer, from a router that has none at first."""

    step = "router"
    answers = '[router]\nforward = "upnp"\n'

    @cached_property
    def layer(self) -> Layer:
        return home.reachable(self.lab, self.release)

    def pi(self) -> Pi:
        self.lab.router.reset()
        self.lab.router.upnp(MiniUpnpd)
        return super().pi()

    def well(self, pi: Pi) -> None:
        there = {(one.port, one.address) for one in self.lab.router.mappings}
        assert there == {(port, pi.address) for port in (80, 443)}, there
        timer = pi.run(("systemctl", "is-active", "piwizard-forwards.timer"), check=False)
        assert timer.output == "active\n"


class Https(Sweep):
    """A certificate for a site that is served over HTTP already."""

    steps = ("certbot", "renewal")

    @cached_property
    def layer(self) -> Layer:
        first = Road(self.lab, self.release, self.repo)
        pi = self.lab.pi(self.release, layer=first.layer)
        assert first.command(pi).ok
        assert self.lab.internet.acme.root
        self.lab.internet.trust(pi)
        return pi.freeze()

    def command(self, pi: Pi, *options: str) -> Result:
        pi.write(road.ANSWERS, tame.answers(self.lab.git.url(self.repo), more="\n[tls]\nhttps = true\n"))
        return road.apply(pi, "--yes", "--answers", road.ANSWERS, *options, check=False)

    def well(self, pi: Pi) -> None:
        page = self.lab.internet.visitor.http(road.HOST, scheme="https")
        assert (page.status, page.headers["strict-transport-security"]) == (200, "max-age=63072000")

    def pi(self) -> Pi:
        pi = super().pi()
        online.well(self.lab, pi)
        return pi


JOURNEYS: dict[str, type[Sweep]] = {
    "road": Road,
    "deploy": Deploy,
    "ddns": DynamicDns,
    "router": Router,
    "https": Https,
}


def _record(pi: Pi, run: str) -> Path:
    return pi.files / "var/log/piwizard" / run / "events.jsonl"


def _counted(record: Path) -> int:
    lines = record.read_bytes().split(b"\n")[:-1] if record.exists() else []
    return sum(json.loads(line)["event"] in COUNTED for line in lines)


def _kill(pi: Pi, point: int) -> None:
    """Ends every process of the run at once when its record has come so far, or it has ended by itself."""
    unit = eventually(lambda: _unit(pi))
    record = _record(pi, unit.name.removeprefix("piwizard-run-").removesuffix(".service"))
    until = time.monotonic() + 300
    while _counted(record) < point and unit.exists():
        assert time.monotonic() < until, f"the run never came to event {point}"
        time.sleep(0.001)
    if unit.exists():
        (unit / "cgroup.kill").write_text("1")
    eventually(lambda: _assert_gone(unit))


def _unit(pi: Pi) -> Path:
    """The control group of the run, as this machine sees it."""
    (init,) = [group for group in groups.of_process(pi.container.leader) if (group / "cgroup.kill").exists()]
    found = next(iter(init.parent.glob("system.slice/piwizard-run-*")), None)
    assert found, "the run has not started"
    return found


def _assert_gone(unit: Path) -> None:
    assert not unit.exists()


def _nginx_loads(pi: Pi) -> bool:
    configured = (pi.files / "etc/nginx/nginx.conf").exists() and (pi.files / "usr/sbin/nginx").exists()
    half = pi.run(("dpkg", "--audit"), check=False).output != ""
    return not configured or half or pi.run(("nginx", "-t"), check=False).ok


def _secrets(pi: Pi) -> list[str]:
    kept = pi.files / "var/lib/piwizard/secrets.json"
    return [secret for own in json.loads(kept.read_text()).values() for secret in own.values()] if kept.exists() else []


def _left(pi: Pi) -> dict[str, tuple[object, ...]]:
    """What lies on the disk, without times, with secrets and the backups of the system's own files made alike."""
    secrets = [secret.encode() for secret in _secrets(pi)]
    left: dict[str, tuple[object, ...]] = {}
    for path, (kind, mode, uid, gid, _, digested) in road.manifest(pi.files).items():
        if any(part in path for part in VOLATILE):
            continue
        whole, content = pi.files / path, digested
        if whole.name == "proven.json":  # the memory measured in a trial is never quite the same
            content = str(json.loads(whole.read_text())["argv"])
        if whole.is_file() and not whole.is_symlink() and any(secret in whole.read_bytes() for secret in secrets):
            raw = whole.read_bytes()
            for secret in secrets:
                raw = raw.replace(secret, b"SECRET")
            content = digest(raw)
        left[path] = (kind, mode, uid, gid, content)
    packages = pi.run(("dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Abbrev}\n")).output
    left["packages"] = (packages,)
    left["users"] = (pi.read("/etc/passwd"),)
    return left


def _differences(wanted: dict[str, tuple[object, ...]], found: dict[str, tuple[object, ...]]) -> list[str]:
    paths = sorted(wanted.keys() | found.keys())
    return [
        f"{path}: {wanted.get(path)} became {found.get(path)}" for path in paths if wanted.get(path) != found.get(path)
    ]


def points(counted: int, sample: int | None, chosen: str | None) -> list[int]:
    """The events to kill at: the chosen ones, some that are spread evenly, or all."""
    if chosen:
        return [int(word) for word in chosen.split(",")]
    if sample:
        return sorted({1 + round(number * (counted - 1) / max(1, sample - 1)) for number in range(sample)})
    return list(range(1, counted + 1))


def main() -> int:
    """The command; the exit code is 1 where a point failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.sweep", description=__doc__)
    parser.add_argument("journey", nargs="?", default="road", choices=JOURNEYS)
    parser.add_argument("--release", default="trixie")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--points")
    parser.add_argument("--done", type=Path)
    asked = parser.parse_args()
    held = set(asked.done.read_text().split()) if asked.done and asked.done.exists() else set()
    lab, failed = Lab(), 0
    try:
        sweep = JOURNEYS[asked.journey](lab, asked.release, "swept")
        counted, wanted = sweep.reference()
        title = f"{asked.journey}, {asked.release}"
        print(f"{title}: an undisturbed run has {counted} events and leaves {len(wanted)} files.", flush=True)
        tried = [point for point in points(counted, asked.sample, asked.points) if str(point) not in held]
        for point in tried:
            wrong = sweep.kill_at(point, wanted)
            failed += bool(wrong)
            print(f"{point:4} {'; '.join(wrong)[:2000] if wrong else 'same end'}", flush=True)
            if asked.done and not wrong:
                with asked.done.open("a") as done:
                    done.write(f"{point}\n")
    finally:
        lab.close()
    print(f"{title}: {len(tried)} points tried, {failed} failed.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
