"""Show what an installation would change, line by line."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from piwizard.prompts.prompt_console import Console
from piwizard.setup.preview import Previewed
from piwizard.setup.review import Review
from piwizard.system import printable


def show_review(console: Console, review: Review, *, details: bool = False) -> None:
    """Show the result, the changes by place, and warnings.

    With `details`, show every diff and command.
    """
    console.say(f"Ready to install. It takes about {duration(review.seconds)}.")
    for title, text in (
        ("Result", " and ".join(review.result_urls)),
        ("App", review.app),
        ("Runs as", review.runs_as),
    ):
        if text:
            console.say(f"  {title}: {text}")
    console.say("What will change:")
    for group in review.groups:
        console.say(f"  {group.title}: {group.summary}")
        if group.edited:
            console.say(f"    {group.edited} files that you edited are replaced; the previous versions are kept.")
        for instance, changes in group.plans if details else ():
            console.say(f"    {instance.title}:")
            show_changes(console, changes, details=True)
    for text in review.warnings:
        console.say(f"  ! {text}")
    console.say(*(f"  {text}" for text in (*review.later, *review.proposal.left_out)))
    console.say("Your other sites stay online, and every change can be undone later.")


def show_changes(console: Console, changes: Sequence[Previewed], *, details: bool) -> None:
    """Show each change that is needed; with `details`, its diff and commands."""
    for one in changes:
        if one.preview.in_sync:
            continue
        edited = " (edited by hand since piwizard wrote it; the edit will be replaced)" if one.preview.edited else ""
        console.say(f"  - {printable.value(one.change.describe())}{edited}")
        for warning in () if details else one.preview.warnings:
            console.say(f"      {warning}")
        for argv in one.preview.argv if details else ():
            console.say(f"      $ {shlex.join(argv)}")
        for line in one.preview.diff.splitlines() if details else ():
            console.say(f"      {line}")


def duration(seconds: float) -> str:
    """Return a duration in words."""
    if seconds < 90:
        return f"{max(10, round(seconds, -1)):.0f} seconds"
    return f"{round(seconds / 60):.0f} minutes"
