"""Test each controller alone, with an immediate host and widgets that only record calls."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from pkgutil import resolve_name
from types import SimpleNamespace
from unittest.mock import AsyncMock, Mock

import pytest
from textual.screen import Screen

from piwizard.answers.validators import Invalid
from piwizard.errors import PiwizardError
from piwizard.screens import navigator
from piwizard.screens.controllers.address_controller import AddressController
from piwizard.screens.controllers.answers_controller import AnswersController
from piwizard.screens.controllers.inspection_controller import InspectionController
from piwizard.screens.controllers.jobs_controller import JobsController
from piwizard.screens.controllers.navigation_controller import NavigationController
from piwizard.screens.controllers.run_monitor import MonitorUpdate
from piwizard.screens.controllers.runs_controller import RunsController
from piwizard.screens.controllers.step_controller import StepController
from piwizard.screens.machine_overview import MachineOverview
from piwizard.screens.messages import AnswerGiven, SecretGiven
from piwizard.screens.page_stack import HOME


class FakeHost:
    """Runs everything immediately; records notices and pages."""

    alive = in_front = True

    def __init__(self):
        self.notices, self.pages, self.tasks = [], [], []

    def run_in_background(self, work, then, *, group, refused=None):
        try:
            result = work()
        except PiwizardError as error:
            (refused or self.notify_line)(error.sentence)
        else:
            then(result)

    def start(self, work, group):
        try:
            self.tasks.append(asyncio.get_running_loop().create_task(work()))
        except RuntimeError:
            asyncio.run(work())

    def cancel(self, group): ...

    def set_timer(self, delay, callback=None):
        if callback is not None and delay != 0.4:
            callback()
        return Mock()

    def call_after_refresh(self, callback):
        callback()

    def notify_line(self, text, style="yellow"):
        self.notices.append(text)

    def open(self, page, then=None):
        self.pages.append((page, then))

    async def messages_handled(self): ...


@pytest.fixture
def host():
    return FakeHost()


def a_step(name, site=None, *, optional=False, questions=()):
    step = SimpleNamespace(
        name=name, title=name.capitalize(), optional=optional, background=None,
        questions=lambda ground, answers: [SimpleNamespace(key=key) for key in questions],
    )  # fmt: skip
    return StepStub(step, site)


class StepStub(SimpleNamespace):
    def __init__(self, step, site):
        super().__init__(step=step, site=site)

    def __hash__(self):
        return hash((self.step.name, self.site))


def a_sidebar(states, chosen=None):
    """Return a sidebar with these states, whose `choose` moves the cursor."""
    sidebar = Mock(steps=list(states), chosen=chosen, has_focus=True)
    sidebar.state = states.get
    sidebar.waits = lambda instance: False

    def choose(step, site):
        sidebar.chosen = next(one for one in states if (one.step.name, one.site) == (step, site))

    sidebar.choose.side_effect = choose
    return sidebar


def an_overview(*states, trouble=""):
    statuses = tuple(
        SimpleNamespace(instance=instance, state=state, run=run, settled=state == "done")
        for instance, state, run in states
    )
    return MachineOverview(Mock(), tuple(one.instance for one in statuses), statuses, {}, {}, trouble)


def test_quick_inspection_is_followed_by_thorough_one(host):
    service, seen = Mock(), []
    service.overview.side_effect = lambda *, thorough: an_overview((a_step("nginx"), "done", None))
    inspection = InspectionController(service, host, inspected=seen.append)
    inspection.inspect(thorough=False)
    assert [call.kwargs["thorough"] for call in service.overview.call_args_list] == [False, True]
    assert (seen, inspection.thorough) == ([True, False], True)


def test_log_of_failed_run_is_read_once(host, tmp_path):
    nginx, read = a_step("nginx"), Mock()
    service = Mock()
    service.events_file.return_value = tmp_path / "events.jsonl"
    inspection = InspectionController(service, host, inspected=lambda first: None)
    inspection.accept(an_overview((nginx, "failed", "run-1"), trouble="state.json is damaged."), thorough=True)
    inspection.read_outcome(nginx, read)
    read.assert_called_once()
    assert inspection.outcome(nginx) is not None
    assert host.notices == ["state.json is damaged."]
    inspection.accept(an_overview((nginx, "failed", "run-2")), thorough=True)
    assert inspection.outcome(nginx) is None, "another run, whose log is not read yet"
    inspection.read_outcome(nginx, read)
    assert inspection.outcome(nginx) is not None


def a_navigation(host, sidebar, tab="Setup"):
    bar, setup = Mock(current=tab), Mock()
    bar.choose.side_effect = lambda chosen: setattr(bar, "current", chosen)
    return NavigationController(host, sidebar, bar, Mock(visible_content=setup), setup, tab_chosen=Mock()), setup


@pytest.mark.parametrize(
    ("states", "near", "chosen"),
    [
        ({"a": "done", "b": "todo", "c": "failed"}, False, "c"),
        ({"a": "done", "b": "todo", "c": "done"}, False, "b"),
        ({"a": "done", "b": "done", "c": "done"}, False, "a"),
        ({"a": "done", "other/b": "failed", "c": "todo"}, True, "c"),
        ({"a": "done", "other/b": "failed", "c": "done"}, True, "a"),
    ],
)
def test_navigation_chooses_most_urgent_step(host, states, near, chosen):
    steps = {a_step(name.rpartition("/")[2], name.rpartition("/")[0] or None): state for name, state in states.items()}
    sidebar = a_sidebar(steps, next(iter(steps)))
    a_navigation(host, sidebar)[0].choose_most_urgent(near=near)
    assert sidebar.chosen.step.name == chosen


def test_question_is_shown_in_the_step_of_the_same_site(host):
    mine, other = a_step("app", "blog", questions=["app.repo"]), a_step("app", "wiki", questions=["app.repo"])
    sidebar = a_sidebar({other: "todo", mine: "todo"}, a_step("gunicorn", "blog"))
    navigation, setup = a_navigation(host, sidebar, tab="Log")
    navigation.show_question("app.repo")
    assert (sidebar.chosen, navigation.tab) == (mine, "Setup")
    setup.focus_first.assert_called_with("app.repo")


def a_step_controller(host, instance, *, tab="Setup", service=None):
    navigation = Mock(chosen=instance, tab=tab)
    panes = {name: Mock() for name in ("setup_pane", "plan_pane", "log_pane", "checks_pane")}
    panes["setup_pane"].form.is_of.return_value = False
    panes["setup_pane"].refused = False
    for name in ("ask", "refuse", "wait", "show_status"):
        setattr(panes["setup_pane"], name, Mock(side_effect=lambda *_: asyncio.sleep(0)))
    steps = StepController(
        service or Mock(), host, Mock(), navigation, Mock(), sidebar=a_sidebar({instance: "todo"}, instance), **panes
    )
    return steps, navigation, SimpleNamespace(**panes)


def test_opened_step_gets_cursor_when_its_questions_are_known(host):
    steps, navigation, panes = a_step_controller(host, a_step("app"))
    steps.open()
    navigation.focus_pane.assert_not_called()
    steps.ask(navigation.chosen)
    panes.setup_pane.ask.assert_called_once()
    navigation.focus_pane.assert_called_once()


def test_plan_error_is_shown_in_its_tab(host):
    service = Mock()
    service.plan.side_effect = PiwizardError("app.repo is missing.")
    steps, _, panes = a_step_controller(host, a_step("app"), tab="Plan", service=service)
    steps.fill_tab()
    panes.plan_pane.refuse.assert_called_once_with("app.repo is missing.")


def test_answers_are_saved_in_order_and_refusals_shown_at_their_field(host):
    order, saved = [], []
    service, form = Mock(), Mock()
    form.has.return_value = True
    form.field.return_value.question.lookup = None
    form.commit.side_effect = lambda cut_off: None

    def save(site, key, value):
        order.append(key)
        if value == "bad":
            raise Invalid("must be good")

    service.answering.set.side_effect = save
    service.answering.set_secret.side_effect = lambda site, key, text: order.append(key)
    service.answering.skip.side_effect = lambda step, skip: order.append(step)

    async def give() -> None:
        answers = AnswersController(service, host, form, saved.append)
        answers.start()
        answers.give(AnswerGiven(None, "site.name", "blog"))
        answers.give(SecretGiven("blog", "app.token", "s3cr3t"))
        answers.give(("ddns", True))
        answers.give(AnswerGiven("blog", "app.env", "bad"))
        await answers.flush()

    asyncio.run(give())
    assert order == ["site.name", "app.token", "ddns", "app.env"]
    assert saved == ["site.name", "app.token", "ddns"]
    form.rename_site.assert_called_once_with(None, "blog")
    form.field("app.env").report.assert_called_once_with("“Environment variables” must be good.", "bold red")


def a_runs_controller(host, *, update=None, live=None, typing=False, instance=None, overview=None):
    service = Mock()
    monitor = Mock(live=live)
    monitor.poll.return_value = update or MonitorUpdate()
    inspection = Mock()
    inspection.inspect.side_effect = lambda *, thorough, then, group: then(overview)
    instance = instance or a_step("nginx")
    parts = SimpleNamespace(
        inspection=inspection, navigation=Mock(typing=typing, tab="Log", chosen=instance), steps=Mock(), answers=Mock(),
        sidebar=a_sidebar({instance: "todo"}, instance), log_pane=Mock(), run_bar=Mock(),
        open_router=AsyncMock(),
    )  # fmt: skip
    parts.answers.flush.side_effect = lambda: asyncio.sleep(0)
    parts.inspection.expected_seconds.return_value = 2.0
    return RunsController(service, host, monitor, **vars(parts)), parts, service


@pytest.mark.parametrize(
    ("result", "undo", "waiting", "opened"),
    [
        ("done", False, "blog", ["blog"]),
        ("done", False, None, []),
        ("done", True, "blog", []),
        ("failed", False, "blog", []),
    ],
)
def test_run_of_the_router_by_hand_ends_at_its_steps(host, result, undo, waiting, opened):
    update = a_finished_run(result)
    update.ended.progress.results[("router", None)] = result
    update.ended.progress.undo = undo
    runs, parts, service = a_runs_controller(host, update=update)
    service.site_waiting_for_router.return_value = waiting
    runs.poll()
    assert [call.args[0] for call in parts.open_router.call_args_list] == opened


def a_finished_run(result):
    progress = SimpleNamespace(
        result=result,
        step=("nginx", None),
        results={("nginx", None): result},
        undo=False,
        failure="It broke.",
        hint="",
    )
    return MonitorUpdate(grown=True, ended=SimpleNamespace(progress=progress))


def test_run_is_proposed_after_answers_are_saved(host):
    runs, parts, _ = a_runs_controller(host)
    runs.propose()
    parts.answers.flush.assert_called_once()
    assert len(host.pages) == 1


def test_second_run_is_not_proposed(host):
    runs, _, _ = a_runs_controller(host, live=Mock())
    runs.propose_all()
    assert not host.pages
    assert len(host.notices) == 1


def test_refused_proposal_shows_its_question(host):
    runs, parts, _ = a_runs_controller(host)
    runs.propose()
    host.pages[0][1](PiwizardError("app.repo is missing.", key="app.repo"))
    parts.navigation.show_question.assert_called_once_with("app.repo")


def test_end_of_run_stays_with_its_step(host):
    done = an_overview((a_step("nginx"), "done", None))
    runs, parts, service = a_runs_controller(host, update=a_finished_run("done"), overview=done)
    runs.poll()
    service.look_for_new_code.assert_called_once()
    parts.navigation.choose_most_urgent.assert_not_called()
    assert host.notices[-1] == "Done."


def test_failed_run_is_reported_and_its_step_chosen(host):
    runs, parts, _ = a_runs_controller(host, update=a_finished_run("failed"), overview=an_overview())
    runs.poll()
    parts.sidebar.choose.assert_called_once_with("nginx", None)
    assert "It broke." in host.notices


def test_run_is_stopped_after_confirmation(host):
    runs, _, service = a_runs_controller(host, live=Mock(run="run-1"))
    runs.stop()
    host.pages[0][1](False)
    service.stop.assert_not_called()
    host.pages[0][1](True)
    service.stop.assert_called_once_with("run-1")


def test_background_job_is_shown_stopped_and_inspected_when_it_ends(host):
    instance = a_step("dhparam")
    instance.step.background = Mock()
    sidebar = a_sidebar({instance: "running"}, instance)
    service, inspection = Mock(), Mock()
    jobs = JobsController(service, host, Mock(live=None), inspection, sidebar)
    service.jobs.return_value = {"dhparam": SimpleNamespace(percent=34)}
    jobs.poll()
    sidebar.mark.assert_called_once_with(instance, "running", "34%")
    jobs.stop()
    host.pages[0][1](True)
    service.stop_job.assert_called_once_with("dhparam")
    service.jobs.return_value = {}
    jobs.poll()
    inspection.inspect.assert_called_once_with(thorough=True)


def test_address_dialog_opens_once_and_not_while_user_types(host):
    typing = [True]
    service = Mock()
    service.trial.return_value = SimpleNamespace(name="a1", host="192.168.1.230", left=143, before=None)
    service.way_to_confirm.return_value = ""
    address = AddressController(service, lambda: host, typing=lambda: typing[0])
    address.poll()
    assert not host.pages
    typing.clear()
    typing.append(False)
    address.poll()
    address.poll()
    assert len(host.pages) == 1
    address.ask_again()
    assert len(host.pages) == 2


def test_address_dialog_does_not_open_by_itself_over_the_old_address(host):
    service = Mock()
    service.trial.return_value = SimpleNamespace(name="a1", host="192.168.1.230", left=143, before="192.168.1.197")
    service.way_to_confirm.return_value = "ssh alex@192.168.1.230"
    address = AddressController(service, lambda: host, typing=lambda: False)
    address.poll()
    assert not host.pages
    told = "You are connected to 192.168.1.197. To keep the new address, log in with ssh alex@192.168.1.230."
    assert told in host.notices[-1]
    address.ask_again()
    assert len(host.pages) == 1, "a person may ask for it"


def test_each_page_is_named_as_it_is_defined() -> None:
    names = re.findall(r'"(\w+_page:\w+|confirm_(?:full_)?undo:\w+)"', Path(navigator.__file__).read_text())
    assert len(names) > 15
    assert all(issubclass(resolve_name(HOME + name), Screen) for name in names)
