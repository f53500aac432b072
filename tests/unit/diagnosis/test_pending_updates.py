"""Test findings about updates that are not installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from piwizard.diagnosis.pending_updates import (
    find_new_settings,
    held_packages,
    judge_held,
    judge_kept_back,
    judge_security,
    parse_pending,
)

SIMULATED = """\
Reading package lists...
Building dependency tree...
The following packages have been kept back:
  linux-image-arm64
Inst nginx [1.26.3-3+deb13u1] (1.26.3-3+deb13u2 Debian-Security:13/stable-security [arm64]) []
Inst nginx-common [1.26.3-3+deb13u1] (1.26.3-3+deb13u2 Debian-Security:13/stable-security [all])
Inst libfoo1 (1.0-1 Debian:13.2/stable [arm64])
Inst vim [2:9.1.1230-1] (2:9.1.1230-2 Debian:13.2/stable [arm64])
Conf nginx-common (1.26.3-3+deb13u2 Debian-Security:13/stable-security [all])
"""
SECURITY = {"nginx": "Debian-Security:13/stable-security", "vim": "Debian:13.2/stable"}
STATUS = """\
Package: nginx
Status: hold ok installed
Version: 1.26.3-3+deb13u1
Architecture: arm64

Package: vim
Status: install ok installed
Version: 2:9.1
Architecture: arm64
"""


def test_pending_updates_are_parsed():
    found = parse_pending(SIMULATED)
    assert found["nginx"].startswith("Debian-Security:13/stable-security")
    assert list(found) == ["nginx", "nginx-common", "vim"], "a new package is no update"


def test_packages_on_hold_are_named():
    assert held_packages(STATUS) == ["nginx"]
    finding = judge_held(held_packages(STATUS))
    assert not finding.ok
    assert "apt-mark unhold nginx" in finding.advice
    assert judge_held([]).ok


@pytest.mark.parametrize(("keeps", "fixable"), [(False, True), (True, False)])
def test_packages_kept_back_are_named(keeps, fixable):
    finding = judge_kept_back(["nginx", "nginx-common"], keeps=keeps)
    assert (finding.ok, finding.fixable) == (False, fixable)
    assert "nginx, nginx-common" in finding.detail
    assert ("settings file" in finding.cause) != keeps
    assert "sudo apt install --only-upgrade nginx nginx-common" in finding.advice
    assert judge_kept_back([], keeps=keeps).ok


@pytest.mark.parametrize(
    ("pending", "known", "last_run", "unattended", "ok", "words"),
    [
        ({}, 0.2, None, False, True, "up to date"),
        ({}, 40.0, None, False, True, "40 days old"),
        ({"vim": "Debian:13.2/stable"}, 40.0, None, False, True, "none"),
        (SECURITY, 0.5, None, False, True, "nginx"),
        (SECURITY, 5.0, None, False, False, "this Pi installs no updates"),
        (SECURITY, 0.5, 0.5, True, True, "nginx"),
        (SECURITY, 0.5, None, True, False, "has never run"),
        (SECURITY, 0.5, 9.0, True, False, "has not run for 9 days"),
        (SECURITY, 5.0, 0.5, True, False, "available for 5 days"),
        (SECURITY, None, 0.5, True, True, "nginx"),
    ],
)
def test_waiting_security_updates_are_reported(pending, known, last_run, unattended, ok, words):
    finding = judge_security(pending, known, last_run, unattended=unattended)
    assert finding.ok is ok
    assert words in f"{finding.detail} {finding.cause}"
    assert ok or finding.advice


def test_new_settings_files_are_no_failure():
    (finding,) = find_new_settings([Path("/etc/nginx/nginx.conf.dpkg-dist")])
    assert finding.ok
    assert "/etc/nginx/nginx.conf was kept" in finding.detail
    assert "diff /etc/nginx/nginx.conf /etc/nginx/nginx.conf.dpkg-dist" in finding.advice
