"""Serve a site over HTTPS in the lab: its setup, certificate and checkup."""

from __future__ import annotations

import json

from tests.lab import quickstart, sample_app
from tests.lab.pi import Pi

HTTPS = '\n[tls]\nhttps = true\nhsts = "two-years"\n'
LIVE = "/etc/letsencrypt/live/piwizard-myflask"
SITE = "/etc/nginx/sites-available/myflask"


def set_up(pi: Pi, repo: str, more: str = HTTPS, *, check: bool = True):
    pi.write(quickstart.ANSWERS, sample_app.answers(repo, more=more))
    return quickstart.apply(pi, "--yes", "--answers", quickstart.ANSWERS, check=check)


def serial(pi: Pi) -> str:
    return pi.run(("openssl", "x509", "-in", f"{LIVE}/fullchain.pem", "-noout", "-serial")).output


def checkup(pi: Pi) -> tuple[int, dict[str, dict[str, object]]]:
    """Return the results of `piwizard checkup` by name."""
    result = pi.run(("piwizard", "checkup", "--json"), check=False)
    return result.exit, {one["id"]: one for one in json.loads(result.output)["findings"]}
