"""Test two sites on one machine: shared packages, separate files."""

from __future__ import annotations

import http.client

import pytest

from tests.lab import layers, quickstart, sample_app
from tests.lab.lab import Lab
from tests.lab.pi import Pi

BLOG = "blog.example.org"
SECOND = """
[sites.blog.site]
domains = ["blog.example.org"]

[sites.blog.app]
repo = "{repo}"
writable = ["result.json"]
"""


@pytest.fixture
def pi(lab: Lab, served_pi: Pi) -> Pi:
    """Return a Pi that serves a second site beside the sample app."""
    lab.git.start_over("blog", {**sample_app.FILES, "app.py": sample_app.APP.replace("It works. ", "The blog. ")})
    both = sample_app.answers(lab.git.url(layers.REPOSITORY), more=SECOND.format(repo=lab.git.url("blog")))
    served_pi.write(quickstart.ANSWERS, both)
    quickstart.apply(served_pi, "--answers", quickstart.ANSWERS)
    return served_pi


def of_the_blog(pi: Pi) -> dict[str, tuple[object, ...]]:
    """Return everything that must not change when the other site is removed."""
    found = quickstart.manifest(pi.files, ["etc/nginx", "etc/systemd/system", "srv"])
    shared = ("piwizard-default", "sites-enabled/default", "nginx.conf")
    return {path: what for path, what in found.items() if "blog" in path or any(part in path for part in shared)}


def test_removed_site_leaves_the_other_unchanged(pi: Pi) -> None:
    quickstart.serves(pi)
    assert pi.http("/", host=BLOG).text.startswith("The blog.")
    before = of_the_blog(pi)
    assert len(before) > 100
    pi.run(("piwizard", "undo", "site", "--site", "myflask", "--yes"))
    assert of_the_blog(pi) == before
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        pi.http("/", host=quickstart.HOST)
    pi.run(("piwizard", "apply", "--site", "myflask"))
    quickstart.serves(pi)

    pi.run(("piwizard", "remove", "myflask", "--yes"))
    assert of_the_blog(pi) == before
    assert pi.http("/", host=BLOG).text.startswith("The blog.")
    left = pi.run(("grep", "-rl", "myflask", "/etc", "/srv", "/var/lib/piwizard", "/var/cache/piwizard"), check=False)
    # The state of the system's files and of piwizard's own before the last change.
    assert [path for path in left.output.split() if not path.endswith(("-", ".previous"))] == []
    names = pi.run(("find", "/etc", "/srv", "/run", "/var/lib", "/var/cache", "-name", "*myflask*"), check=False)
    assert names.output == ""
    assert not pi.run(("id", "myflask"), check=False).ok
    plan = pi.run(("piwizard", "plan"), check=False)
    assert plan.exit == 0, plan.output

    pi.run(("piwizard", "remove", "blog", "--keep-data", "--yes"))
    assert "Welcome to nginx" in pi.http("/").text
    assert pi.run(("ls", "/srv/blog")).output == "data\ndata.setup\n"


NO_IPV6 = "RestrictAddressFamilies=AF_UNIX AF_INET AF_NETLINK AF_PACKET"


@pytest.mark.nightly
def test_sites_are_served_without_ipv6(pi: Pi) -> None:
    """Serve sites without IPv6 sockets, as with `ipv6.disable=1`.

    Here neither nginx nor a run can open one.
    """
    for unit in ("nginx.service.d", "piwizard-run-.service.d"):
        pi.write(f"/etc/systemd/system/{unit}/no-ipv6.conf", f"[Service]\n{NO_IPV6}\n")
    pi.run(("systemctl", "daemon-reload"))
    assert not pi.run(("systemctl", "restart", "nginx.service"), check=False).ok, (
        "nginx starts, although it cannot open IPv6 sockets"
    )
    without = ("systemd-run", "--pipe", "--wait", "--quiet", f"--property={NO_IPV6}")
    assert "The kernel no longer supports IPv6" in pi.run((*without, "piwizard", "doctor"), check=False).output
    pi.run((*without, "piwizard", "apply", "--yes"))
    quickstart.serves(pi)
    assert pi.http("/", host=BLOG).text.startswith("The blog.")

    for unit in ("nginx.service.d", "piwizard-run-.service.d"):
        (pi.files / "etc/systemd/system" / unit / "no-ipv6.conf").unlink()
    pi.run(("systemctl", "daemon-reload"))
    pi.run(("piwizard", "apply"))
    pi.run(("systemctl", "restart", "nginx.service"))
    listening = pi.run(("ss", "-Hltn")).output
    assert "[::]:80 " in listening, listening
    quickstart.serves(pi)
