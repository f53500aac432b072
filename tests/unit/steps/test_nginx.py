"""Test the listen directives that the nginx step writes on different machines."""

from __future__ import annotations

import pytest

from piwizard.nginx.ipv6_listen import FOLDER
from piwizard.steps.nginx import Nginx
from piwizard.steps.site import Site
from piwizard.system import apt_state

from .conftest import of_kind


@pytest.fixture
def listens(context, answers):
    """Return the texts of the files with listen directives, by name."""

    def made(**parts):
        files = of_kind(Nginx().plan(context(**parts), answers()), "file")
        found = {file.path.name: file.content for file in files if str(file.path.parent) == FOLDER}
        assert len(found) == 4
        return found

    return made


@pytest.mark.parametrize("ipv6", [True, False])
def test_kernel_without_ipv6_gets_no_ipv6_listen(listens, ipv6):
    assert all(("listen [::]:" in text) == ipv6 for text in listens(ipv6=ipv6).values())


def test_server_blocks_do_not_depend_on_ipv6(context, answers):
    with_it, without = (
        [file.content for file in of_kind(Site().plan(context(ipv6=ipv6), answers()), "file")] for ipv6 in (True, False)
    )
    assert with_it == without


@pytest.mark.parametrize("name", ["pi4-trixie", "zero-w-bookworm"])
def test_engine_of_the_release_is_known_before_installation(listens, machine, name):
    """Otherwise the plan would change as soon as nginx is installed."""
    version = "1.22.1" if "bookworm" in name else "1.26.3"
    assert listens(machine=machine(name, nginx_version=None)) == listens(machine=machine(name, nginx_version=version))


@pytest.mark.parametrize(
    ("installed", "left_behind", "updates", "kept"),
    [(True, False, False, True), (True, True, False, False), (True, True, True, True), (False, False, False, False)],
)
def test_edited_settings_are_kept_while_somebody_wants_updates(
    context, answers, tmp_path, monkeypatch, installed, left_behind, updates, kept
):
    """The package stays when the step `updates` is undone, and nginx is as it was set up."""
    monkeypatch.setattr(apt_state, "UPDATES_FILE", str(tmp_path / "53"))
    monkeypatch.setattr(apt_state, "others_decide_conffiles", lambda: False)
    if updates:
        (tmp_path / "53").touch()
    package = "unattended-upgrades"
    parts = {
        "installed": {package: "2"} if installed else {},
        "left_behind": frozenset({package} if left_behind else ()),
    }
    files = of_kind(Nginx().plan(context(**parts), answers()), "file")
    assert (apt_state.KEEP_SETTINGS_FILE in [str(file.path) for file in files if hasattr(file, "content")]) == kept


def test_logs_of_nginx_are_limited_by_size(context, answers):
    changes = list(Nginx().plan(context(), answers()))
    texts = {file.path.name: file.content for file in of_kind(changes, "file") if hasattr(file, "content")}
    assert "size 20M" in texts["nginx-logs.conf"]
    assert "/var/log/nginx/*.log {" in texts["nginx-logs.conf"]
    assert "/etc/piwizard/nginx-logs.conf" in texts["piwizard-nginx-logs.service"]
    assert "OnUnitInactiveSec=5min" in texts["piwizard-nginx-logs.timer"]
    assert "logrotate" in next(iter(of_kind(changes, "package"))).names
    assert "piwizard-nginx-logs.timer" in [unit.name for unit in of_kind(changes, "unit")]
