"""A bundle to show to someone who helps: what there is on this machine, without what is nobody's business."""

from __future__ import annotations

import sys
from pathlib import Path

from piwizard import printable


def report(output_file: Path | None, *, yes: bool, as_json: bool) -> int:
    """Gathers, redacts, shows, and writes after a yes. Returns the exit code."""
    from piwizard import applying, output, printing
    from piwizard.errors import PiwizardError
    from piwizard.reporting import bundle

    somebody = sys.stdin.isatty() and sys.stdout.isatty() and not as_json
    if not yes and not somebody:
        raise PiwizardError(
            "Nobody is there to see the report before it is written.",
            hint="`piwizard report --yes` writes it without showing it.",
        )
    texts, path = redacted(), output_file or bundle.place()
    if not yes:
        printing.page(line for name, text in texts for line in (f"──── {name}", *text.splitlines(), ""))
        applying.confirm(f"Write this report to {path}? Nothing is sent to anybody.")
    bundle.write(path, texts)
    if as_json:
        output.dump({"report": str(path), "files": [name for name, _ in texts]})
    else:
        printing.say(f"The report is in {path}. Have a look at it before you give it to anybody.")
    return 0


def redacted() -> list[tuple[str, str]]:
    """What there is to show of this machine, with stand-ins for what is nobody's business."""
    from piwizard.reporting.gathering import gather, known_names
    from piwizard.reporting.redaction import Redactor
    from piwizard.setup import workspace

    planner = workspace.planner(None)
    redactor = Redactor(planner.secrets(), known_names(planner.answers, planner.context.facts.hostname))
    return [(redactor.text(name), _visible(redactor.text(text))) for name, text in gather()]


def _visible(text: str) -> str:
    """The text as a helper may look at it with any program."""
    return "\n".join(line if line.isascii() and line.isprintable() else printable.line(line, len(line))
                     for line in text.split("\n"))  # fmt: skip
