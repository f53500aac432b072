"""The steps, in the order in which they are set up, and what they ask."""

from __future__ import annotations

from dataclasses import dataclass

from piwizard.answers import validators as v
from piwizard.answers.questions import Question
from piwizard.errors import PiwizardError
from piwizard.steps.app import App
from piwizard.steps.certbot import Certbot
from piwizard.steps.ddns import Ddns
from piwizard.steps.dhparam import Dhparam
from piwizard.steps.gunicorn import Gunicorn
from piwizard.steps.nginx import Nginx
from piwizard.steps.renewal import Renewal
from piwizard.steps.router import Router
from piwizard.steps.site import Site
from piwizard.steps.static_ip import StaticIp
from piwizard.steps.step import Step
from piwizard.steps.system import System

STEPS: tuple[Step, ...] = (
    System(),
    Nginx(),
    App(),
    Gunicorn(),
    Site(),
    Ddns(),
    StaticIp(),
    Router(),
    Dhparam(),
    Certbot(),
    Renewal(),
)

BACKGROUND = ("dhparam",)
"""The steps that may take hours: their runs have a lane of their own, beside the one of all others."""
HOLDS_DATA = "app"
"""The step whose undo meets what an app has written: that goes only after a yes of its own."""


@dataclass(frozen=True)
class Place:
    """A step at its place: for the machine, or for one site."""

    step: Step
    site: str | None

    @property
    def label(self) -> str:
        return f"{self.step.name} of {self.site}" if self.site else self.step.name

    @property
    def background(self) -> bool:
        """Whether its runs go on beside those of other steps."""
        return self.step.name in BACKGROUND


def all_questions() -> list[Question]:
    """Every key that answers.toml may hold."""
    return [*(question for step in STEPS for question in step.questions(None, None)), SKIPPED]


def _leave_out(value: object) -> list[str]:
    optional = [step.name for step in STEPS if step.optional]
    names: list[str] = v.list_of(v.text, 50)(value)
    for name in names:
        if name not in optional:
            raise v.Invalid(f"names {name!r}, which cannot be left out ({', '.join(optional) or 'no step'} can)")
    return names


SKIPPED = Question(
    "skip.steps",
    "Steps to leave out",
    "Optional steps that are not wanted. They can be taken up again at any time.",
    _leave_out,
    kind="list",
    default=[],
)


def step_named(name: str) -> Step:
    """The step of that name; PiwizardError lists the names there are."""
    for step in STEPS:
        if step.name == name:
            return step
    raise PiwizardError(f"There is no step {name}.", hint=f"The steps: {', '.join(step.name for step in STEPS)}.")
