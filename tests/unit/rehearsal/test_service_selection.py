from pathlib import Path

import pytest

from piwizard.rehearsal.service_selection import disable_services


@pytest.fixture
def root(tmp_path: Path) -> Path:
    units = tmp_path / "etc/systemd/system"
    for name in ("nginx.service", "tailscaled.service", "postgresql.service", "myflask.service", "cron.service"):
        link = units / "multi-user.target.wants" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(f"/lib/systemd/system/{name}")
    (units / "myflask.service").write_text("# The service of myflask, made by piwizard.\n")
    (units / "tailscaled.service").symlink_to("/lib/systemd/system/tailscaled.service")
    (tmp_path / "usr/sbin").mkdir(parents=True)
    (tmp_path / "usr/sbin/policy-rc.d").touch()
    (tmp_path / "etc/resolv.conf").symlink_to("/run/systemd/resolve/stub-resolv.conf")
    return tmp_path


def test_clone_starts_only_needed_services(root: Path) -> None:
    assert disable_services(root, "10.0.2.3") == ["cron", "tailscaled"]
    left = {link.name for link in (root / "etc/systemd/system/multi-user.target.wants").iterdir()}
    assert left == {"nginx.service", "postgresql.service", "myflask.service"}


def test_clone_starts_no_network_manager(root: Path) -> None:
    disable_services(root, "10.0.2.3")
    assert (root / "etc/systemd/system/NetworkManager.service").readlink() == Path("/dev/null")
    assert (root / "etc/resolv.conf").read_text() == "nameserver 10.0.2.3\n"
    assert not (root / "etc/resolv.conf").is_symlink()


def test_clone_has_its_own_machine_id(root: Path) -> None:
    disable_services(root, "10.0.2.3")
    assert len((root / "etc/machine-id").read_text().strip()) == 32
    assert not (root / "usr/sbin/policy-rc.d").exists()
