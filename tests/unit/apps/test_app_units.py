"""Test the units as text, and as systemd reads them."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess

import pytest

from piwizard.apps.app_units import AppUnit, render_service, render_socket, socket_path
from piwizard.errors import PiwizardError
from piwizard.system import devices

UNIT = AppUnit(
    site="my-flask",
    user="daemon",
    code="/srv/my-flask/code",
    venv="/srv/my-flask/venv",
    entry="app:app",
    workers=2,
    threads=4,
    gunicorn=(27, 0, 1),
    home="/srv/my-flask/data",
)
ODD = "/srv/100% o'dd \"na$me\\é;#"


def unit(**changes):
    return dataclasses.replace(UNIT, **changes)


def lines(text, key):
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


@pytest.fixture
def analyze(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed (apt-get install systemd)")

    def run(verb, unit, *arguments):
        files = [tmp_path / "my-flask.service", tmp_path / "my-flask.socket"]
        files[0].write_text(render_service(unit))
        files[1].write_text(render_socket(unit))
        command = ["systemd-analyze", verb, *arguments, *files[: 1 if verb == "security" else 2]]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


def executable(folder):
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "gunicorn").touch(mode=0o755)
    return str(folder)


def test_units_pass_systemd_analyze_verify(analyze, tmp_path):
    result = analyze("verify", unit(venv=executable(tmp_path / "venv"), writable=("/srv/a", "/srv/b")))
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


def test_units_with_odd_paths_pass_systemd_analyze_verify(analyze, tmp_path):
    odd = unit(
        venv=executable(tmp_path / "100% na$me é;#"),
        code=ODD,
        writable=(ODD,),
        environment_file=ODD,
        pythonpath=ODD,
        entry="app:create_app(\"$HOME\", '%n')",
    )
    result = analyze("verify", odd)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


def test_service_exposure_is_two_at_most(analyze):
    result = analyze("security", UNIT, "--offline=yes", "--threshold=20")
    assert result.returncode == 0, result.stdout


@pytest.fixture
def all_groups(monkeypatch):
    monkeypatch.setattr(devices, "group_exists", lambda name: True)


@pytest.mark.parametrize("kinds", [*((kind,) for kind in devices.DEVICE_CLASSES), tuple(devices.DEVICE_CLASSES)])
def test_service_with_hardware_is_valid_and_exposed_three_at_most(analyze, tmp_path, all_groups, kinds):
    hardware = unit(hardware=kinds, venv=executable(tmp_path / "venv"))
    assert analyze("security", hardware, "--offline=yes", "--threshold=30").returncode == 0
    result = analyze("verify", hardware)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


def test_plain_service_is_exposed_little_more_than_one(analyze):
    result = analyze("security", UNIT, "--offline=yes", "--threshold=11")
    assert result.returncode == 0, result.stdout


def test_service_with_hardware_gets_its_nodes_and_groups_only(all_groups):
    text = render_service(unit(hardware=("i2c", "gpio")))
    assert lines(text, "DevicePolicy") == ["closed"]
    assert {"char-gpiochip rw", "/dev/gpiomem rw", "char-i2c rw"} <= set(lines(text, "DeviceAllow"))
    assert not [node for node in lines(text, "DeviceAllow") if "spi" in node or "video" in node]
    assert lines(text, "SupplementaryGroups") == ["gpio i2c"]
    assert "-/sys/class/gpio" in lines(text, "ReadWritePaths")
    assert (lines(text, "PrivateDevices"), lines(text, "PrivateUsers")) == (["no"], ["no"])
    assert "LG_WD=/dev/shm" in lines(text, "Environment")


def test_service_names_only_groups_of_this_machine(monkeypatch):
    monkeypatch.setattr(devices, "group_exists", lambda name: name == "video")
    assert lines(render_service(unit(hardware=("camera", "gpio"))), "SupplementaryGroups") == ["video"]
    assert lines(render_service(unit(hardware=("gpio",))), "SupplementaryGroups") == []


def test_service_for_one_wire_sensors_is_a_plain_one():
    assert render_service(unit(hardware=("1-wire",))) == render_service(UNIT)


def test_service_with_bluetooth_gets_its_sockets_and_the_bus(all_groups):
    text = render_service(unit(hardware=("bluetooth",)))
    assert lines(text, "RestrictAddressFamilies") == ["AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_BLUETOOTH"]
    assert lines(text, "SupplementaryGroups") == ["bluetooth"]
    assert not [path for path in lines(text, "InaccessiblePaths") if "/run/dbus" in path]


def test_service_without_bluetooth_has_neither(all_groups):
    text = render_service(unit(hardware=("gpio",)))
    assert lines(text, "RestrictAddressFamilies") == ["AF_UNIX AF_INET AF_INET6 AF_NETLINK"]
    assert [path for path in lines(text, "InaccessiblePaths") if "/run/dbus" in path]


def test_socket_is_accessible_to_nginx_only():
    text = render_socket(UNIT)
    assert lines(text, "ListenStream") == [socket_path("my-flask")] == ["/run/piwizard-my-flask.sock"]
    assert lines(text, "SocketUser") == ["www-data"]
    assert lines(text, "SocketMode") == ["0660"]


def test_service_command_names_entry_and_workers():
    assert lines(render_service(UNIT), "ExecStart") == [
        "/srv/my-flask/venv/bin/gunicorn --config=/srv/my-flask/gunicorn_config.py --worker-class=gthread"
        " --workers=2 --threads=4 --keep-alive=75 --timeout=180"
        " --graceful-timeout=30 --worker-tmp-dir=/dev/shm --no-control-socket app:app"
    ]


def test_service_command_ends_with_the_command_line_of_the_app():
    text = render_service(unit(entry="app.py", arguments=("--pin", "a b", "$X")))
    assert lines(text, "ExecStart")[0].endswith(' -- app.py --pin "a b" "$$X"')


@pytest.mark.parametrize(("version", "there"), [((20, 1), False), ((25, 0, 3), False), ((25, 1), True), ((27,), True)])
def test_control_socket_is_off_if_gunicorn_has_one(version, there):
    assert ("--no-control-socket" in render_service(unit(gunicorn=version))) is there


def test_service_home_is_the_data_folder():
    assert "HOME=/srv/my-flask/data" in lines(render_service(UNIT), "Environment")


def test_service_can_write_only_named_paths():
    assert lines(render_service(UNIT), "ReadWritePaths") == []
    written = lines(render_service(unit(writable=("/srv/a/result.json", "/srv/a b"))), "ReadWritePaths")
    assert written == ["/srv/a/result.json", '"/srv/a b"']


def test_service_has_optional_lines_only_with_their_values():
    plain = render_service(UNIT)
    assert "EnvironmentFile" not in plain
    assert "PYTHONPATH" not in plain
    full = render_service(unit(environment_file="/etc/piwizard/my flask.env", pythonpath="/srv/my-flask/code/src"))
    assert lines(full, "EnvironmentFile") == ["/etc/piwizard/my flask.env"]
    assert "PYTHONPATH=/srv/my-flask/code/src" in lines(full, "Environment")


def test_service_memory_is_limited():
    text = render_service(UNIT)
    assert (lines(text, "MemoryHigh"), lines(text, "MemoryMax")) == (["60%"], ["75%"])


def test_odd_characters_reach_the_service_unchanged():
    text = render_service(unit(code="/srv/100%", venv="/srv/a$b", writable=('/srv/"q"\\',), entry="app:make('$x%')"))
    assert lines(text, "WorkingDirectory") == ["/srv/100%%"]
    assert lines(text, "ReadWritePaths") == ['"/srv/\\"q\\"\\\\"']
    command = lines(text, "ExecStart")[0]
    assert command.startswith('"/srv/a$b/bin/gunicorn" ')  # "$" does not expand in the program's name
    assert command.endswith(" \"app:make('$$x%%')\"")


@pytest.mark.parametrize(
    "changes",
    [
        {"site": "my flask"},
        {"site": "../x"},
        {"site": "a\nb"},
        {"user": "root\nGroup=root"},
        {"user": "-x"},
        {"code": "srv"},
        {"code": "/srv/a\nExecStartPre=/bin/false"},
        {"code": "/srv/a\\"},
        {"code": "/srv/a "},
        {"venv": "/srv/\x00"},
        {"venv": '/srv/"a"'},
        {"entry": ""},
        {"entry": "--config=/tmp/x"},
        {"entry": "app:app\nUser=root"},
        {"writable": ("-/etc",)},
        {"environment_file": "/etc/a\nb"},
        {"pythonpath": "src"},
        {"workers": 0},
        {"threads": 0},
    ],
)
def test_unit_value_that_would_break_out_is_refused(changes):
    with pytest.raises(PiwizardError):
        render_service(unit(**changes))
