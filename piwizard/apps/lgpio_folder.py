"""Keep the working directory of a program that imports lgpio.

lgpio changes it to the folder of its pipes (LG_WD) when it is imported, and the app's relative paths would be in that
folder, too. Environments of apps with GPIO load this module when Python starts. It needs the standard library only.
"""

from __future__ import annotations

import importlib.machinery
import os
import sys
from collections.abc import Sequence
from types import ModuleType


class LgpioFinder:
    """A finder whose loader of lgpio restores the working directory."""

    @classmethod
    def find_spec(
        cls, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return where Python finds lgpio; None for other modules."""
        if name != "lgpio":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                folder = os.getcwd()
                try:
                    load(module)
                finally:
                    os.chdir(folder)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


sys.meta_path.insert(0, LgpioFinder)
