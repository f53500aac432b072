"""Deploy new versions without a login: by polling, by webhooks, and by pushes."""

from __future__ import annotations

import json
import time
from pathlib import Path

from tests.lab import layers, quickstart
from tests.lab.automatic_deploys import (
    ANSWERS,
    BROKEN,
    DEPLOY_SERVICE,
    Pusher,
    app,
    call,
    choose,
    last,
    seen,
    shown_secret,
)
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.pi import Pi


def test_webhook_deploys_what_is_signed_and_poll_leaves_what_is_broken(lab: Lab, https_site: Pi) -> None:
    pi = https_site
    assert choose(pi, 'deploy = ["webhook", "poll"]').ok
    assert pi.run(("systemctl", "is-active", "piwizard-deploy-myflask.timer")).output == "active\n"
    secret = shown_secret(pi)
    lab.git.commit(layers.REPOSITORY, {"app.py": app("Called")})
    assert call(lab, "wrong") == 403
    assert call(lab, secret, b'{"ref": "refs/heads/dev"}') == 200
    assert call(lab, secret, b"x" * (3 << 20)) == 413
    assert not pi.http("/", host=quickstart.HOST).text.startswith("Called")
    began = time.monotonic()
    assert call(lab, secret) == 202
    seen(lab, "Called")
    print(f"webhook: {time.monotonic() - began:.0f} s")
    eventually(lambda: last(pi).get("way") == "webhook", 60)

    broken = lab.git.commit(layers.REPOSITORY, {"app.py": BROKEN})
    pi.run(("systemctl", "start", DEPLOY_SERVICE))
    assert (last(pi)["result"], last(pi)["commit"]) == ("failed", broken)
    seen(lab, "Called")
    (site,) = json.loads(pi.run(("piwizard", "status", "--json")).output)["sites"]
    assert site["deploys"]["ways"] == ["webhook", "poll"]
    assert site["deploys"]["refused"][0]["commit"] == broken
    runs = pi.run(("ls", "/var/log/piwizard")).output
    before = pi.run(("find", "/var/lib/piwizard", "/etc", "-newer", ANSWERS, "-printf", "%p %T@\\n")).output
    pi.run(("systemctl", "start", DEPLOY_SERVICE))
    assert pi.run(("ls", "/var/log/piwizard")).output == runs
    assert pi.run(("find", "/var/lib/piwizard", "/etc", "-newer", ANSWERS, "-printf", "%p %T@\\n")).output == before


def test_push_is_deployed_or_refused(lab: Lab, https_site: Pi, tmp_path: Path) -> None:
    pi, pusher = https_site, Pusher(lab, https_site, tmp_path)
    assert choose(pi, 'deploy = "push"', f'push_keys = ["{pusher.public}"]').ok
    pusher.commit(app("Pushed"))
    began = time.monotonic()
    pushed = pusher.push()
    assert pushed.ok, pushed.errors
    seen(lab, "Pushed")
    print(f"push: {time.monotonic() - began:.0f} s")
    assert "Smoke test" in pushed.errors
    assert last(pi)["way"] == "push"

    pusher.commit(BROKEN)
    broken = pusher.push()
    assert not broken.ok
    assert "No module named 'not_there_at_all'" in broken.errors
    assert "not deployed, the version before stays" in broken.errors
    seen(lab, "Pushed")
    shell = pusher.run((*pusher.ssh, f"push-myflask@{pi.address}", "cat", "/etc/passwd"))
    assert shell.exit == 1
    assert "this address" in shell.errors

    assert pi.run(("piwizard", "undo", "deploys", "--yes")).ok
    assert pi.run(("id", "push-myflask"), check=False).exit == 1
    assert not (pi.files / "srv/myflask/push").exists()
    assert not list((pi.files / "etc/ssh/sshd_config.d").glob("piwizard*"))
