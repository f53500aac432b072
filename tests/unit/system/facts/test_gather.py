"""Test all facts together: of the recorded machines, of an empty one, and of this one."""

import dataclasses
import json
import subprocess
import sys

import pytest

from piwizard.system.facts import Facts, LiveSource, gather
from tests.recorded_machine import RecordedSource

from .conftest import SAMPLES

NAMES = sorted(folder.name for folder in SAMPLES.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_json_has_every_field(sample, name):
    found = gather(sample(name))
    plain = json.loads(json.dumps(found.as_json()))
    assert set(plain) == {field.name for field in dataclasses.fields(Facts)}
    assert plain["os"]["codename"] == found.os.codename
    assert plain["hostname"] == found.hostname != ""


def test_headline_of_a_machine(sample):
    found = gather(sample("pi4-trixie"))
    headline = f"{found.hostname} · {found.board.short}, {found.cores} cores, {found.memory.nominal // 1024} GB"
    assert headline == "raspberrypi · Pi 4, 4 cores, 4 GB"
    assert str(found.network.address) == "192.168.1.197/24"


def test_port_owner_is_found_by_number(sample):
    found = gather(sample("pi4-pihole5"))
    assert found.port(80).words == "Pi-hole (lighttpd)"
    assert found.port(443) is None


def test_empty_machine_has_empty_facts(tmp_path):
    (tmp_path / "machine.json").write_text('{"machine": "riscv64", "root": false}')
    found = gather(RecordedSource(tmp_path))
    assert found.os.unsupported
    assert found.network.interfaces is None
    assert found.network.main is None
    assert (found.architecture.dpkg, found.architecture.bits) == (None, 64)
    assert found.ports == ()
    assert found.cores == 1
    assert json.dumps(found.as_json())


def test_facts_are_immutable(sample):
    with pytest.raises(dataclasses.FrozenInstanceError):
        gather(sample("pi4-trixie")).cores = 8


class NoCommands(LiveSource):
    def run(self, argv):
        raise AssertionError(f"{argv} was started")


def test_facts_start_no_program():
    found = gather(NoCommands())
    assert found.cores >= 1
    assert found.memory.total > 0
    assert found.disk.total > 0
    assert found.hostname


def test_facts_do_not_import_sh():
    code = "import sys; from piwizard.system.facts import gather; gather(); print('sh' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said == "False\n"
