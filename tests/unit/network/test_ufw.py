"""Test ufw's rules as its own files have them."""

from __future__ import annotations

import pytest

from piwizard.network import ufw
from piwizard.network.firewall import closed_in_zone
from piwizard.network.ufw import UfwState

HEAD = "*filter\n:ufw-user-input - [0:0]\n### RULES ###\n\n"
SSH = "### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in\n-A ufw-user-input -p tcp --dport 22 -j ACCEPT\n\n"


def rule(line):
    return f"{HEAD}{SSH}### tuple ### {line}\n-A ufw-user-input …\n\n### END RULES ###\n"


@pytest.fixture
def etc(tmp_path):
    """Write ufw's files with these rules."""

    def made(rules="", enabled="yes", policy="DROP"):
        for path, text in {
            "usr/sbin/ufw": "",
            "etc/ufw/ufw.conf": f"# comment\nENABLED={enabled}\nLOGLEVEL=low\n",
            "etc/default/ufw": f'IPV6=yes\nDEFAULT_INPUT_POLICY="{policy}"\n',
            "etc/ufw/user.rules": rules,
        }.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        return ufw.read_ufw((80, 443), tmp_path)

    return made


def test_missing_ufw_is_none(tmp_path):
    assert ufw.read_ufw((80,), tmp_path) is None


def test_disabled_ufw_is_inactive(etc):
    assert etc(enabled="no") == UfwState(active=False)


@pytest.mark.parametrize(
    ("line", "closed", "refused"),
    [
        ("allow tcp 80 0.0.0.0/0 any 0.0.0.0/0 in", (443,), ()),
        ("allow any 80 0.0.0.0/0 any 0.0.0.0/0 in", (443,), ()),
        ("allow tcp 80,443 0.0.0.0/0 any 0.0.0.0/0 Nginx%20Full - in", (), ()),
        ("allow tcp 80:500 0.0.0.0/0 any 0.0.0.0/0 in comment=77656273", (), ()),
        ("limit tcp 443 0.0.0.0/0 any 0.0.0.0/0 in", (80,), ()),
        ("allow_log tcp 443 0.0.0.0/0 any 0.0.0.0/0 in", (80,), ()),
        ("allow any any 0.0.0.0/0 any 0.0.0.0/0 in", (), ()),
        ("allow tcp 80 0.0.0.0/0 any 192.168.1.0/24 in", (80, 443), ()),  # the home network only
        ("allow udp 443 0.0.0.0/0 any 0.0.0.0/0 in", (80, 443), ()),
        ("allow tcp 80 0.0.0.0/0 any 0.0.0.0/0 out", (80, 443), ()),
        ("route:allow any any 0.0.0.0/0 any 0.0.0.0/0 in", (80, 443), ()),
        ("deny tcp 80 0.0.0.0/0 any 0.0.0.0/0 in", (443,), (80,)),
        ("reject tcp 443 0.0.0.0/0 any 0.0.0.0/0 in", (80,), (443,)),
    ],
)
def test_ufw_rules_are_evaluated(etc, line, closed, refused):
    assert etc(rule(line)) == UfwState(True, closed, refused)


def test_accept_policy_closes_nothing(etc):
    assert etc(policy="ACCEPT") == UfwState(True)


PUBLIC = """\
public (active)
  target: default
  icmp-block-inversion: no
  interfaces: eth0
  sources:
  services: dhcpv6-client http ssh
  ports: 443/udp 8000-8010/tcp
  protocols:
  forward: yes
"""


@pytest.mark.parametrize(
    ("listed", "closed"),
    [
        (PUBLIC, (443,)),
        (PUBLIC.replace("http", "https"), (80,)),
        (PUBLIC.replace("443/udp", "80-443/tcp"), ()),
        (PUBLIC.replace("target: default", "target: ACCEPT"), ()),
        ("", (80, 443)),
    ],
)
def test_firewalld_zone_is_evaluated(listed, closed):
    assert closed_in_zone(listed, (80, 443)) == closed
