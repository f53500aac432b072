"""Describe fixes of failed checks as data.

Only `format_fix` turns them into text.
"""

from __future__ import annotations

from piwizard.system.lazy_dataclass import dataclass


@dataclass(frozen=True)
class ApplySteps:
    """Apply these steps again. `doctor --fix` does that by itself.

    `newest`: use the app's newest commit. `purpose` completes "Run `piwizard apply nginx` …".
    """

    steps: tuple[str, ...]
    purpose: str = ""
    newest: bool = False


@dataclass(frozen=True)
class AddAnswer:
    """Add values to a list in the answers before the steps are applied.

    `shown` are the values that the user sees.
    """

    key: str
    values: tuple[str, ...]
    shown: tuple[str, ...] = ()


@dataclass(frozen=True)
class AddTableEntries:
    """Add entries to a table in the answers before the steps are applied.

    `shown` is the entry that the user sees.
    """

    key: str
    entries: tuple[tuple[str, str], ...]
    shown: tuple[str, str]


@dataclass(frozen=True)
class GenerateSecret:
    """Generate a secret for a key of the answers before the steps are applied."""

    key: str
    length: int = 32
    """Bytes."""


@dataclass(frozen=True)
class AskAnswer:
    """Ask the user for the value of a key before the steps are applied."""

    key: str
    secret: bool


@dataclass(frozen=True)
class RunCommand:
    """A command for the user to run. `purpose` completes "Run `nginx -t` …"."""

    command: str
    purpose: str = ""


@dataclass(frozen=True)
class WaitUntil:
    """Wait. `until` completes "Wait …"."""

    until: str


@dataclass(frozen=True)
class Advice:
    """Advice that only the user can follow, in whole sentences."""

    text: str


AGAIN = (["piwizard", "deploy"], ["piwizard", "apply"])
"""Commands that try a step again."""
SHOW_LOG = ["piwizard", "logs"]

Remedy = ApplySteps | AddAnswer | AddTableEntries | GenerateSecret | AskAnswer | RunCommand | WaitUntil | Advice
Fix = tuple[Remedy, ...]
"""In order of execution; empty if no fix is known."""


def is_automatic(fix: Fix) -> bool:
    """Return whether `doctor --fix` can apply it without asking for a value."""
    return any(isinstance(one, ApplySteps) for one in fix) and not needs_input(fix)


def needs_input(fix: Fix) -> bool:
    """Return whether the user must provide a value first."""
    return any(isinstance(one, AskAnswer) for one in fix)


def input_keys(fix: Fix) -> tuple[str, ...]:
    """Return the keys of the answers that the user must provide first."""
    return tuple(one.key for one in fix if isinstance(one, AskAnswer))


def format_fix(fix: Fix) -> str:
    """Return a fix as text for the user."""
    answered, parts = False, []
    for one in fix:
        text = _text(one)
        parts.append(f"Then r{text[1:]}" if answered and isinstance(one, ApplySteps) else text)
        answered = answered or isinstance(one, AddAnswer | AddTableEntries | GenerateSecret | AskAnswer)
    return " ".join(parts)


def adds_answers(fix: Fix) -> bool:
    """Return whether it adds answers that need no input."""
    return any(isinstance(one, AddAnswer | AddTableEntries | GenerateSecret) for one in fix)


def format_advice(fix: Fix) -> str:
    """Return what is left to a person where the front end has a button for the rest.

    Such as "Correct app.py, line 5, and commit it. Then try again." without the commands that try again.
    """
    parts, again = [], False
    for one in fix:
        match one:
            case ApplySteps():
                again = True
            case RunCommand() if one.command.split()[:2] in AGAIN:
                again = True
            case RunCommand() if one.command.split()[:2] == SHOW_LOG:
                parts.append("The log shows all of it.")
            case AskAnswer():
                parts.append(f"Enter a value for {one.key.rpartition('.')[2]}.")
            case GenerateSecret():
                parts.append(f"piwizard can generate {one.key.rpartition('.')[2]} for you.")
            case _:
                parts.append(_text(one))
    return " ".join([*parts, "Then try again." if parts else "Try again."] if again else parts)


def apply_command(steps: ApplySteps) -> str:
    """Return the command that does the same by hand."""
    return "piwizard deploy" if steps.newest else f"piwizard apply {' '.join(steps.steps)}"


def _text(one: Remedy) -> str:
    match one:
        case ApplySteps():
            return _run(apply_command(one), one.purpose)
        case RunCommand():
            return _run(one.command, one.purpose)
        case AddAnswer():
            names = ", ".join(f'"{name}"' for name in one.shown or one.values)
            return f"Add {names} to {one.key}."
        case AddTableEntries():
            return f'Add "{one.shown[0]}" = "{one.shown[1]}" to {one.key}.'
        case GenerateSecret():
            table, _, name = one.key.rpartition(".")
            return f"Add {name} = {{ generate = {one.length} }} to [{table}]."
        case AskAnswer():
            table, _, name = one.key.rpartition(".")
            value = '{ env = "…" }, { file = "…" } or a text' if one.secret else 'a text, as in "…"'
            return f"Run `piwizard doctor --fix` to be asked for {name}, or add {name} to [{table}]: {value}."
        case WaitUntil():
            return f"Wait {one.until}."
        case Advice():
            return one.text


def _run(argv: str, purpose: str) -> str:
    return f"Run `{argv}` {purpose}." if purpose else f"Run `{argv}`."
