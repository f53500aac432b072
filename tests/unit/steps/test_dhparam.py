"""Test the plan for each answer of dhparam.way."""

from __future__ import annotations

import pytest

from piwizard.answers import file_reader as answers_module
from piwizard.errors import PiwizardError
from piwizard.setup import planner
from piwizard.steps.dhparam import AT_BOOT, IN_USE, INCLUDED, UNIT, Dhparam
from piwizard.system import dhparam_generator as generator
from piwizard.system import openssl_dhparam

from .conftest import of_kind


@pytest.fixture
def plan(context):
    def made(text):
        parsed = answers_module.parse(f"[dhparam]\n{text}", planner.all_questions())
        return Dhparam().plan(context(), parsed.of(None))

    return made


def links(changes):
    return {change.path: change.target for change in of_kind(changes, "link")}


def test_none_removes_the_parameters(plan):
    changes = plan('way = "none"')
    assert links(changes) == {AT_BOOT: None, INCLUDED: None, IN_USE: None}
    assert of_kind(changes, "file") == []


def test_ffdhe2048_is_installed(plan):
    changes = plan('way = "ffdhe2048"')
    known, directive = of_kind(changes, "file")
    assert openssl_dhparam.parse_parameters(known.content.encode()).bits == 2048
    assert directive.content.endswith("ssl_dhparam /etc/piwizard/dhparam.pem;\n")
    assert links(changes) == {
        AT_BOOT: None, IN_USE: "dhparam-ffdhe2048.pem", INCLUDED: "/etc/piwizard/dhparam.conf"
    }  # fmt: skip
    (stopped,) = of_kind(changes, "dhparam")
    assert stopped.describe() == "Stop piwizard-dhparam.service"


def test_generation_precedes_the_nginx_directive(plan):
    changes = plan('way = "generate"\nbits = 3072')
    (own,) = of_kind(changes, "dhparam")
    assert (own.bits, own.path.name) == (3072, "dhparam-3072.pem")
    assert links(changes)[IN_USE] == "dhparam-3072.pem"
    assert links(changes)[AT_BOOT] is None
    unit = of_kind(changes, "file")[0]
    assert unit.path == UNIT
    assert "ExecStart=/usr/local/bin/piwizard generate-dhparam 3072\n" in unit.content
    assert [changes.index(unit), changes.index(own)] == [1, len(changes) - 2]


def test_at_boot_enables_the_unit(plan):
    changes = plan('way = "generate"\nat_boot = true')
    assert links(changes)[AT_BOOT] == "../piwizard-dhparam.service"
    unit = of_kind(changes, "file")[0]
    for left in (generator.partial_file(), generator.generated_file()):
        assert f"ConditionPathExists=|{left}\n" in unit.content


@pytest.mark.parametrize("text", ["bits = 1023", "bits = 4097", 'way = "some"', "at_boot = 1"])
def test_invalid_answers_are_refused(plan, text):
    with pytest.raises(PiwizardError, match=r"dhparam\.\w+ must be"):
        plan(text)


def test_duration_is_measured_on_this_machine(context, monkeypatch):
    monkeypatch.setattr(openssl_dhparam, "estimate_seconds", lambda bits: 229 * 60.0)
    _, bits, _ = Dhparam().questions(context(), answers_module.parse("", planner.all_questions()).of(None))
    assert bits.detected == "takes about 3 h 49 min on this board, by a short test"
    assert Dhparam().questions(None, None)[1].detected == ""
