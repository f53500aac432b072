"""Set up every step of piwizard on a Pi at home, from one answers file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from piwizard.system.commands import Process, Result
from tests.lab import home, online, quickstart, sample_app
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.miniupnpd import MiniUpnpd
from tests.lab.network import ROUTER
from tests.lab.pi import Pi

MAIL = "me@example.org"


def answers(repo: str, address: str) -> str:
    """Return answers for every step."""
    more = (
        f'{home.NO_IP}\n[static_ip]\naddress = "{address}/24"\ngateway = "{ROUTER}"\nrevert_after = 600\n\n'
        f'[router]\nforward = "upnp"\n\n[tls]\nhttps = true\nemail = "{MAIL}"\n\n[dhparam]\nway = "ffdhe2048"\n'
    )
    return sample_app.answers(repo, more=f"\n{more}")


@contextmanager
def at_home(lab: Lab, pi: Pi) -> Iterator[None]:
    """Prepare a home with UPnP, a DDNS account and a www name that points to it."""
    with online.at_home(lab, pi):
        home.open_accounts(lab)
        lab.router.upnp(MiniUpnpd)
        lab.internet.zone.set(f"www.{quickstart.HOST}", "A", lab.router.public)
        yield


def set_up(lab: Lab, pi: Pi) -> Result:
    """Run all steps, and confirm the address while it is on trial."""
    lab.git.commit("tame", sample_app.FILES)
    pi.write("/root/secret", home.SECRET)
    pi.write(quickstart.ANSWERS, answers(lab.git.url("tame"), pi.address))
    run = pi.start(("piwizard", "apply", "--yes", "--answers", quickstart.ANSWERS))
    eventually(lambda: _on_trial(pi, run), timeout=900)
    eventually(lambda: _confirmed(pi, run), timeout=120)  # accepted only after the address was checked
    result = run.wait()
    assert result.ok, result.output + result.errors
    return result


def _on_trial(pi: Pi, run: Process) -> None:
    assert (pi.files / "var/lib/piwizard/network/trial.json").exists() or not run.alive


def _confirmed(pi: Pi, run: Process) -> None:
    assert pi.run(("piwizard", "confirm"), check=False).ok or not run.alive
