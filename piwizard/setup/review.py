"""Describe in plain words what an installation of a site would change, and where."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING

from piwizard.answers.model import Answers
from piwizard.engine.state import State
from piwizard.errors import PiwizardError
from piwizard.setup import estimates, reach, run_request, site_urls, workspace
from piwizard.setup.form_page import RequiredAnswer
from piwizard.setup.left_out import left_out
from piwizard.setup.planner import Planner
from piwizard.setup.preview import Previewed, preview_each
from piwizard.setup.run_request import Plans
from piwizard.setup.site_form import SiteForm
from piwizard.steps import registry
from piwizard.steps.registry import StepInstance, in_order
from piwizard.steps.step import Stage
from piwizard.system.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from piwizard.setup.service import Proposal


class ReviewPlace(Enum):
    """A place that an installation changes; the value is its title."""

    THIS_PI = "On this Pi"
    ROUTER = "In your router"
    PROVIDER = "At your DDNS provider"
    LETS_ENCRYPT = "At Let's Encrypt"


KIND_PLACES = {
    "forward": ReviewPlace.ROUTER,
    "account": ReviewPlace.PROVIDER,
    "certificate": ReviewPlace.LETS_ENCRYPT,
}
"""The kinds of changes that are made elsewhere."""
COUNTED = (
    ("package", ("package", "noip-package")),
    ("user", ("user",)),
    ("folder", ("folder", "keep")),
    ("file", ("file", "edit", "link")),
    ("service", ("unit",)),
)
"""What is counted on this machine, and its kinds of changes."""
NO_CHANGE = ("group", "notice", "idle", "swap")


@dataclass(frozen=True)
class ReviewGroup:
    """The changes in one place.

    `edited` counts existing files that change, whose previous version is kept.
    """

    place: ReviewPlace
    title: str
    summary: str
    plans: tuple[tuple[StepInstance, tuple[Previewed, ...]], ...]
    edited: int = 0


@dataclass(frozen=True)
class Review:
    """Everything that an installation of a site would do.

    `seconds` is an estimate. `later` says what cannot be known before the run. Nothing can be installed while
    something is `missing`; `proposal` is what `start` takes.
    """

    site: str
    result_urls: tuple[str, ...]
    app: str
    runs_as: str
    seconds: float
    groups: tuple[ReviewGroup, ...]
    warnings: tuple[str, ...]
    later: tuple[str, ...]
    missing: tuple[RequiredAnswer, ...]
    proposal: Proposal

    @property
    def empty(self) -> bool:
        """Return whether there is nothing to install or change."""
        return not self.proposal.plans


def review_site(planner: Planner, site: str, state: State, remarks: Sequence[str] = ()) -> Review:
    """Return the review of all stages of a site.

    Slow: plans everything; alters nothing.
    """
    from piwizard.setup.service import Proposal

    form = SiteForm(planner, site)
    answers = planner.answers.of(site)
    missing = list(form.missing())
    wanted = _instances(planner, site)
    plans, refused = _plan(planner, [one for one in wanted if not planner.missing(one)], state, form)
    for one in refused:
        if one.key not in {known.key for known in missing}:
            missing.append(one)
    optional = [one for one in wanted if one.step.optional]  # the answers that others lack are in `missing`
    proposal = Proposal(planner, plans, tuple(remarks), left_out(planner, optional, untouched=False))
    return Review(
        site=site,
        result_urls=_result_urls(planner, site, state),
        app=_describe_app(answers, form.commit),
        runs_as=_describe_service(form),
        seconds=_seconds(planner, plans, state),
        groups=tuple(_groups(plans, answers)),
        warnings=tuple(dict.fromkeys(proposal.warnings)),
        later=_later(answers, plans),
        missing=tuple(missing),
        proposal=proposal,
    )


def _instances(planner: Planner, site: str) -> list[StepInstance]:
    """Return the steps that belong to the setup of a site."""
    steps = [step for step in registry.STEPS if step.stage is not Stage.ADVANCED and step.name not in planner.skipped]
    if reach.audience_of(planner.answers.of(site)) is reach.Audience.HOME:
        steps = [step for step in steps if not reach.is_for_internet(step)]
    return in_order(steps, [site])


def _plan(
    planner: Planner, instances: list[StepInstance], state: State, form: SiteForm
) -> tuple[Plans, list[RequiredAnswer]]:
    """Return the plans of all steps that can be planned, and the answers that refuse the others."""
    plans: Plans = []
    refused: list[RequiredAnswer] = []
    blocked: set[str] = set()
    for instance, found in preview_each(planner, instances, workspace.backups()):
        if isinstance(found, PiwizardError):
            blocked.add(instance.step.name)
            refused.append(form.refused(found, instance.step.name))
        elif blocked & {instance.step.name, *instance.step.needs}:
            blocked.add(instance.step.name)
        else:
            plans.append((instance, found))
    return run_request.left(plans, run_request.done(planner, state)), refused


def _result_urls(planner: Planner, site: str, state: State) -> tuple[str, ...]:
    answers, sites = planner.answers.of(site), planner.answers.sites
    shown = site_urls.shown_at_local_ip(site, sites, site_urls.served_sites(state, sites) | {site})
    address = site_urls.local_ip(planner.context.facts.network) if shown else ""
    return (*site_urls.internet_urls(answers), *site_urls.home_urls(answers, address))


def _describe_app(answers: Answers, commit: str | None) -> str:
    repo = str(answers.get("app.repo", "")).partition("://")[2] or str(answers.get("app.repo", ""))
    parts = [repo.removesuffix(".git")]
    if branch := answers.get("app.branch"):
        parts.append(f"branch {branch}")
    if commit:
        parts.append(f"commit {commit[:7]}")
    return ", ".join(filter(None, parts))


def _describe_service(form: SiteForm) -> str:
    serving = form.serving
    size = f"{serving.workers} workers × {serving.threads} threads, " if serving else ""
    return f"user {form.site}, {size.replace('1 workers', '1 worker')}starts with the Pi"


def _seconds(planner: Planner, plans: Plans, state: State) -> float:
    facts = planner.context.facts
    return sum(estimates.expected_seconds(one.step, state.entry(one.step.name, one.site), facts) for one, _ in plans)


def _groups(plans: Plans, answers: Answers) -> list[ReviewGroup]:
    placed: dict[ReviewPlace, list[tuple[StepInstance, tuple[Previewed, ...]]]] = {}
    for instance, changes in plans:
        parts: dict[ReviewPlace, list[Previewed]] = {}
        for change in changes:
            if not change.preview.in_sync:
                parts.setdefault(KIND_PLACES.get(change.change.kind, ReviewPlace.THIS_PI), []).append(change)
        for place, found in parts.items():
            placed.setdefault(place, []).append((instance, tuple(found)))
    return [_group(place, tuple(placed[place]), answers) for place in ReviewPlace if place in placed]


def _group(
    place: ReviewPlace, plans: tuple[tuple[StepInstance, tuple[Previewed, ...]], ...], answers: Answers
) -> ReviewGroup:
    changes = [one for _, found in plans for one in found]
    title, name = place.value, reach.public_name(answers) or ""
    match place:
        case ReviewPlace.THIS_PI:
            return ReviewGroup(
                place,
                title,
                _count(changes),
                plans,
                sum(one.change.kind == "edit" or one.preview.edited for one in changes),
            )
        case ReviewPlace.ROUTER:
            return ReviewGroup(place, title, "2 port forwards to this Pi", plans)
        case ReviewPlace.PROVIDER:
            provider = reach.provider_of(answers)
            title = f"At {provider.title}" if provider else title
            return ReviewGroup(place, title, f"{name} will point to your public IP", plans)
    return ReviewGroup(place, title, "1 certificate; by continuing you accept their terms", plans)


def _count(changes: Sequence[Previewed]) -> str:
    """Return the numbers of what changes: "4 packages · 1 user"."""
    parts = []
    left = [one for one in changes if one.change.kind not in NO_CHANGE]
    for noun, kinds in COUNTED:
        mine = [one for one in left if one.change.kind in kinds]
        left = [one for one in left if one not in mine]
        if number := sum(map(_weight, mine)):
            parts.append(f"{number} {noun}{'' if number == 1 else 's'}")
    if left:
        parts.append(f"{len(left)} other {'change' if len(left) == 1 else 'changes'}")
    return " · ".join(parts) or "no change"


def _weight(one: Previewed) -> int:
    names = getattr(one.change, "names", None)
    return len(names) if one.change.kind == "package" and names else 1


def _later(answers: Answers, plans: Plans) -> tuple[str, ...]:
    found = []
    if reach.forwards_by_hand(answers) and any(one.step.stage is Stage.ROUTER for one, _ in plans):
        found.append("Your router is set up by you: piwizard shows the steps after the installation.")
    if answers.get("tls.https") and any(one.step.stage is Stage.HTTPS for one, _ in plans):
        found.append("HTTPS follows as soon as visitors reach this Pi.")
    return tuple(found)
