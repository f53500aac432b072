"""Run `piwizard doctor` on a Pi of the lab, and its fixes."""

from __future__ import annotations

import json
from typing import Any

from tests.lab.dialogue import Dialogue
from tests.lab.pi import Pi


def failed_findings(pi: Pi, *options: str) -> dict[str, dict[str, Any]]:
    """Return the failed findings of `doctor --json` by id."""
    result = pi.run(("piwizard", "doctor", "--json", *options), check=False)
    findings = json.loads(result.output.splitlines()[-1])["findings"]
    bad = {one["id"]: one for one in findings if not one["ok"]}
    assert result.exit == (1 if bad else 0), result.errors
    assert all(one["cause"] and one["fix"] for one in bad.values()), bad
    return bad


def fix(pi: Pi) -> str:
    """Run `doctor --fix` and return its output."""
    return pi.run(("piwizard", "doctor", "--fix", "--yes"), check=False).output


def fix_with_answer(pi: Pi, question: str, value: str) -> None:
    """Run `doctor --fix` over SSH, accept the fix, and type the requested value."""
    dialogue = Dialogue(pi.ssh_argv(("piwizard", "doctor", "--fix"), tty=True), columns=160)
    dialogue.answer("password for alex:", pi.password)
    dialogue.answer("Apply these fixes? [y/N]", "y", timeout=120)
    dialogue.answer(question, value)
    dialogue.end(timeout=120)
    assert value not in dialogue.text


def findings_with(pi: Pi, id: str) -> dict[str, dict[str, Any]]:
    found = failed_findings(pi)
    assert id in found
    return found
