"""Test the dataclasses whose methods are generated at their first use."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import pickle
import pkgutil
import threading
import time
from pathlib import Path

import pytest

import piwizard
from piwizard.alerts import sending
from piwizard.apps import advisory_program
from piwizard.backups import site_archive
from piwizard.deploys import push_receive, webhook_changes
from piwizard.network import port_forwarding
from piwizard.steps import app
from piwizard.system import egress_filter
from piwizard.system.lazy_dataclass import dataclass

ALONE = (
    *app.SMOKE_TEST_SCRIPTS,
    *site_archive.SCRIPTS,
    sending.SENDER,
    webhook_changes.RECEIVER,
    *(Path(module.__file__) for module in (advisory_program, egress_filter, port_forwarding, push_receive)),
)
"""Programs that run without piwizard beside them."""


@dataclass(frozen=True)
class _Point:
    cls: int
    self_: int = 2
    kind: list[str] = dataclasses.field(default_factory=list)


@dataclass(frozen=True)
class _Named(_Point):
    name: str = "origin"


@dataclass
class _Mutable:
    values: dict[str, int] = dataclasses.field(default_factory=dict)


def _pending(cls: type) -> bool:
    return not isinstance(cls.__dict__["__dataclass_fields__"], dict)


def _fresh(base: type = object) -> type:
    class Fresh(base):
        x: int = 1

    return dataclass(frozen=True)(Fresh)


def test_methods_are_generated_with_the_first_instance() -> None:
    fresh = _fresh()
    assert _pending(fresh)
    assert repr(fresh(x=3)).endswith("Fresh(x=3)")
    assert not _pending(fresh)


def test_generated_class_behaves_as_a_dataclass() -> None:
    one = _Named(cls=5)
    assert (one.cls, one.self_, one.kind, one.name) == (5, 2, [], "origin")
    assert one == _Named(5)
    assert one.kind is not _Named(5).kind
    assert dataclasses.asdict(dataclasses.replace(one, name="x")) == {"cls": 5, "self_": 2, "kind": [], "name": "x"}
    assert hash(_fresh()(2)) == hash((2,))
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.name = "y"
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        _Named(5, z=1)
    mutable = _Mutable()
    mutable.values = {"a": 1}
    assert mutable == _Mutable({"a": 1})
    match one:
        case _Point(number):
            assert number == 5


def test_fields_are_known_before_the_first_instance() -> None:
    fresh = _fresh(_fresh())
    assert dataclasses.is_dataclass(fresh)
    assert [one.name for one in dataclasses.fields(fresh)] == ["x"]


def test_copies_are_complete_although_the_class_was_not_used() -> None:
    packed = pickle.dumps(_Mutable({"a": 1}))
    assert pickle.loads(packed) == copy.deepcopy(_Mutable({"a": 1}))
    fresh = _fresh()
    assert fresh.__new__(fresh).x == 1
    assert not _pending(fresh)


def test_constructor_of_a_class_is_kept() -> None:
    class Counted:
        x: int = 1
        made = 0

        def __new__(cls, *values: object) -> Counted:
            cls.made += 1
            return object.__new__(cls)

    counted = dataclass(Counted)
    assert (counted(7).x, counted.made) == (7, 1)


def test_threads_wait_until_the_methods_are_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, python = threading.Event(), dataclasses.dataclass

    def slowly(**options: bool):
        def generate(cls: type) -> type:
            begun.set()
            while not waiting.is_alive():
                time.sleep(0)
            return python(**options)(cls)

        return generate

    made: list[object] = []
    fresh = _fresh()
    monkeypatch.setattr(dataclasses, "dataclass", slowly)
    waiting = threading.Thread(target=lambda: begun.wait() and made.append(fresh(4)))
    first = threading.Thread(target=lambda: made.append(fresh(4)))
    first.start()
    waiting.start()
    for thread in (first, waiting):
        thread.join()
    assert [one.x for one in made] == [4, 4]


def test_methods_of_every_class_can_be_generated() -> None:
    found = 0
    for module in pkgutil.walk_packages(piwizard.__path__, "piwizard."):
        if "__main__" not in module.name and not module.name.startswith("piwizard.templates."):
            for cls in vars(importlib.import_module(module.name)).values():
                if isinstance(cls, type) and cls.__module__ == module.name and dataclasses.is_dataclass(cls):
                    assert dataclasses.fields(cls) is not None
                    found += 1
    assert found > 300


def test_programs_that_run_alone_use_pythons_decorator() -> None:
    assert not [path for path in ALONE if "lazy_dataclass" in path.read_text()]
