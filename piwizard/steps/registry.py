"""List the steps in running order, their needs and questions.

Accesses nothing on the machine.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from itertools import groupby

from piwizard.answers import validators as v
from piwizard.answers.questions import Question
from piwizard.errors import PiwizardError
from piwizard.steps.alerts import Alerts
from piwizard.steps.app import App
from piwizard.steps.backup import Backup
from piwizard.steps.certbot import Certbot
from piwizard.steps.ddns import Ddns
from piwizard.steps.deploys import AutomaticDeploys
from piwizard.steps.dhparam import Dhparam
from piwizard.steps.gunicorn import Gunicorn
from piwizard.steps.nginx import Nginx
from piwizard.steps.renewal import Renewal
from piwizard.steps.router import Router
from piwizard.steps.site import Site
from piwizard.steps.static_ip import StaticIp
from piwizard.steps.step import Step
from piwizard.steps.system import System
from piwizard.steps.updates import Updates
from piwizard.system.lazy_dataclass import dataclass

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
    Backup(),
    Certbot(),
    Renewal(),
    AutomaticDeploys(),
    Updates(),
    Alerts(),
)

DATA_STEP = next(step.name for step in STEPS if step.holds_data)
"""The step whose undo meets data that an app has written, which goes only after a separate yes."""


@dataclass(frozen=True)
class StepInstance:
    """A step as it runs: for the machine (`site` None), or for one site."""

    step: Step
    site: str | None

    @property
    def label(self) -> str:
        return f"{self.step.name} of {self.site}" if self.site else self.step.name

    @property
    def title(self) -> str:
        """Return the title of the step with its site, as in the screens."""
        return f"{self.step.title} ({self.site})" if self.site else self.step.title

    @property
    def questions(self) -> list[Question]:
        """Return the questions of the step and of its needs, with fixed defaults."""
        needed = [self.step, *needed_by(self.step)]
        return [question for step in STEPS if step in needed for question in step.questions(None, None)]


def step_named(name: str) -> Step:
    """Return the step of that name or title; PiwizardError lists those there are.

    Case, and hyphens for the spaces of a title, make no difference.
    """
    for step in STEPS:
        if step.name == name:
            return step
    wanted = _simplify(name)
    for step in STEPS:
        if wanted in (step.name, _simplify(step.title)):
            return step
    known = [step.name if step.name == _simplify(step.title) else f"{step.name} ({step.title})" for step in STEPS]
    raise PiwizardError(f"There is no step {name}.", hint=f"The steps: {', '.join(known)}.")


def title_of(step: str, site: str | None = None) -> str:
    """Return the title of a step by its name, with its site if there is one."""
    return StepInstance(step_named(step), site).title


def _simplify(name: str) -> str:
    return name.casefold().replace(" ", "-")


def needed_by(step: Step) -> list[Step]:
    """Return the steps that must be done before this one, directly or indirectly."""
    steps = [step]
    for one in steps:  # grows while it is read
        steps += [needed for name in one.needs if (needed := step_named(name)) not in steps]
    return steps[1:]


def in_order(steps: Container[Step], sites: Sequence[str]) -> list[StepInstance]:
    """Return the instances of these steps in running order.

    Consecutive steps of sites are grouped by site.
    """
    found: list[StepInstance] = []
    for scope, group in groupby(STEPS, key=lambda step: step.scope):
        wanted = [step for step in group if step in steps]
        for site in sites if scope == "site" else [None]:
            found += [StepInstance(step, site) for step in wanted]
    return found


def with_needs(
    wanted: Sequence[StepInstance], done: Iterable[StepInstance], sites: Sequence[str]
) -> list[StepInstance]:
    """Return these instances and, before them, those they need that are not done."""
    done = list(done)
    found = list(wanted)
    for instance in found:
        for name in instance.step.needs:
            step = step_named(name)
            needed = StepInstance(step, instance.site if step.scope == "site" else None)
            if needed not in found and needed not in done:
                found.append(needed)
    return [instance for instance in in_order(STEPS, sites) if instance in found]


def all_questions() -> list[Question]:
    """Return a question for every key that answers.toml may have."""
    return [*(question for step in STEPS for question in step.questions(None, None)), SKIPPED]


def _optional_steps(value: object) -> list[str]:
    optional = [step.name for step in STEPS if step.optional]
    names: list[str] = v.list_of(v.text, 50)(value)
    for name in names:
        if name not in optional:
            raise v.Invalid(f"names {name!r}, which cannot be skipped ({', '.join(optional) or 'no step'} can)")
    return names


SKIPPED = Question(
    "skip.steps",
    "Skipped steps",
    "Optional steps that you do not want; you can set them up at any time.",
    _optional_steps,
    kind="list",
    default=[],
)
