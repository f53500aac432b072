"""Turn a plan into blocks: each change with its diff or its commands."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING

from piwizard.screens.widgets.log_builder import clean
from piwizard.screens.widgets.log_model import Block, Line

if TYPE_CHECKING:
    from piwizard.setup.preview import Previewed
    from piwizard.steps.registry import StepInstance


def plan_blocks(instance: StepInstance, changes: Iterable[Previewed], *, heading: bool = False) -> list[Block]:
    """Return the changes of one step in order; unneeded ones are one line each."""
    changes = list(changes)
    wanted = sum(not one.preview.in_sync for one in changes)
    blocks = []
    if heading:
        of = f" of {instance.site}" if instance.site else ""
        title = f"{instance.step.title}{of}: {counted(wanted)}"
        blocks.append(Block(title, "bold", foldable=False, indent=0))
    return blocks + [_change(one) for one in changes]


def counted(number: int) -> str:
    """Return "1 change", "3 changes" or "no changes"."""
    return "no changes" if not number else "1 change" if number == 1 else f"{number} changes"


def _change(one: Previewed) -> Block:
    if one.preview.in_sync:
        return Block(clean(one.change.describe()), "dim", "no change ✓", "green", foldable=False)
    right, style = ("edited by hand", "bold yellow") if one.preview.edited else ("", "")
    lines: list[Line] = [(f"$ {clean(shlex.join(argv))}", "cyan") for argv in one.preview.argv]
    lines += [(clean(line), _diff_style(line)) for line in one.preview.diff.splitlines()]
    block = Block(clean(one.change.describe()), "", right, style)
    block.add(lines)
    return block


def _diff_style(line: str) -> str:
    if line.startswith(("+++", "---")):
        return "bold"
    return {"+": "green", "-": "red", "@": "cyan", "#": "dim"}.get(line[:1], "")
