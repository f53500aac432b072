"""A sample of the sweep (tests/lab/sweep.py), which is a command of its own and tries every event."""

from __future__ import annotations

from tests.lab import product, tame
from tests.lab.lab import Lab
from tests.lab.sweep import Sweep, points


def test_a_killed_run_ends_where_an_undisturbed_one_does(lab: Lab) -> None:
    lab.git.commit("swept", tame.FILES)
    sweep = Sweep(lab, "trixie", lab.git.url("swept"), product.installed(lab, "trixie"))
    counted, wanted = sweep.reference()
    assert counted > 80
    failed = {point: wrong for point in points(counted, 4, None) if (wrong := sweep.kill_at(point, wanted))}
    assert failed == {}
