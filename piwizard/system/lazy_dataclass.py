"""Provide `dataclass`, which generates the methods of a class at its first use.

Python generates them when a module is imported. A command such as `piwizard status` imports 300 dataclasses and uses 30
of them: to generate the methods of the others would take as long as everything else that it does. Programs that run
without piwizard beside them use Python's own decorator.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

_lock = threading.RLock()
"""For all classes: one needs those that it inherits from."""


class _Fields:
    """Represents `__dataclass_fields__` of a class whose methods are not generated yet."""

    def __init__(self, cls: type, options: Mapping[str, bool]) -> None:
        self._cls, self._options = cls, options

    def __get__(self, instance: object, owner: type | None = None) -> object:
        self.generate()
        return self._cls.__dict__["__dataclass_fields__"]

    def generate(self) -> None:
        """Let Python add the methods, and the fields in place of this object."""
        with _lock:
            if self._cls.__dict__["__dataclass_fields__"] is self:
                dataclasses.dataclass(**self._options)(self._cls)


class _Maker:
    """Represents `__new__` of a class: it makes every instance, also those of copy and pickle.

    It stays in place while methods are generated, so that other threads wait for them.
    """

    def __init__(self, fields: _Fields) -> None:
        self._fields = fields

    def __call__(self, cls: type, /, *values: object, **named: object) -> object:
        self._fields.generate()
        return object.__new__(cls)


def _defer(cls: type, options: Mapping[str, bool]) -> type:
    inherited: object = cls.__new__
    if not (inherited is object.__new__ or isinstance(inherited, _Maker)):
        return dataclasses.dataclass(**options)(cls)
    fields = _Fields(cls, options)
    cls.__new__ = _Maker(fields)  # type: ignore[method-assign, assignment]
    cls.__dataclass_fields__ = fields  # type: ignore[attr-defined]
    return cls


if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls: type | None = None, /, **options: bool) -> Any:  # noqa: ANN401
        """Replace `dataclasses.dataclass`, with the same options and result."""
        return _defer(cls, options) if cls else lambda cls: _defer(cls, options)
