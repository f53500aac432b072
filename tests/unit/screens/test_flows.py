"""Test each path through the screens with the real engine."""

from __future__ import annotations

import asyncio
import threading

import pytest

from piwizard.answers import validators as v
from piwizard.answers.questions import Question
from piwizard.engine import run_launch
from piwizard.network import address_trial, ssh_sessions
from piwizard.screens.background import run_in_thread
from piwizard.screens.widgets.editors import Choice
from piwizard.screens.widgets.fields import Field
from piwizard.screens.widgets.multi_value import TableEditor
from piwizard.screens.widgets.setup_pane import ACTIONS, SetupPane, actions
from piwizard.setup import workspace
from piwizard.setup.answer_store import AnswerStore
from piwizard.steps import registry
from piwizard.system.background_job import BackgroundJob, JobProgress
from tests.unit.screens import fake_pi
from tests.unit.screens.conftest import opened

pytestmark = pytest.mark.asyncio
SECRET = "correct-horse-battery"


async def test_site_is_answered_and_installed_on_the_page_of_all_steps(folder):
    async with opened(folder) as seen:
        await seen.go_to("app")
        await seen.keys("enter")
        await seen.see("│   Lowercase letters, digits and")
        await seen.type("myflask")
        await seen.keys("enter")
        await seen.type("https://git.example/me/myflask.git")
        await seen.keys("enter")
        await seen.see("app:app · app is a Flask app")
        await seen.keys("escape")
        await seen.go_to("site")
        await seen.keys("enter")
        await seen.type("myflask.example")
        await seen.keys("comma")
        await seen.type(" www.myflask.example")
        await seen.keys("enter", "escape")
        await seen.settle()
        assert AnswerStore().get("myflask", "site.domains") == ["myflask.example", "www.myflask.example"]
        await seen.go_to("ddns")
        await seen.press("skip")
        await seen.see("Skipped.")
        await seen.go_to("system")
        await seen.press("all")
        await seen.see("Install now?")
        assert not list((folder / "machine").glob("*")), "changed before the confirmation"
        await seen.keys("enter")
        await seen.until(lambda: (entry := workspace.state().entry("site", "myflask")) and entry.result == "done")
        await seen.see("✓ Site")
        content = (folder / "machine" / "app.conf").read_text()
        assert "app.repo = https://git.example/me/myflask.git" in content


async def test_failed_step_is_tried_again(site):
    (site / "fail-system").touch()
    async with opened(site) as seen:
        await seen.go_to("system")
        await seen.run()
        await seen.see("system: it does not work.")
        await seen.settle()
        await seen.keys("1")
        await seen.see("E: it does not work")
        await seen.see("Take the obstacle away")
        await seen.see("Try again")
        (site / "fail-system").unlink()
        await seen.run()
        await seen.until(lambda: workspace.state().entry("system", None).result == "done")
        await seen.see("✓ System")


async def test_interrupted_run_is_continued(site):
    (site / "wait-system").touch()
    async with opened(site) as seen:
        await seen.go_to("system")
        await seen.run()
        await seen.see("line 3 of 3")
        run = run_launch.under_way()
        fake_pi.kill(run)
        await seen.see("The run was interrupted")
        await seen.settle()
        await seen.see("! System")
    (site / "wait-system").unlink()
    async with opened(site) as seen:
        await seen.go_to("system")
        await seen.see("Interrupted at:")
        await seen.press("run")
        await seen.see("Nothing changes. Check the result again?")
        await seen.press("yes")
        await seen.until(lambda: workspace.state().entry("system", None).result == "done")


async def test_run_continues_when_user_quits_and_returns(site):
    (site / "wait-system").touch()
    async with opened(site) as seen:
        await seen.go_to("system")
        await seen.run()
        await seen.see("line 3 of 3")
        await seen.keys("ctrl+q")
        await seen.until(lambda: seen.app.return_value)
        assert "continues" in seen.app.return_value
    async with opened(site, steps=False) as seen:
        await seen.see("line 3 of 3")
        (site / "wait-system").unlink()
        await seen.until(lambda: workspace.state().entry("system", None).result == "done")


async def test_run_is_stopped_after_confirmation(site):
    (site / "wait-system").touch()
    async with opened(site) as seen:
        await seen.go_to("system")
        await seen.run()
        await seen.see("line 3 of 3")
        await seen.keys("1")
        await seen.press("stop")
        await seen.see("Stop the current run?")
        await seen.keys("enter")
        await seen.gone("Stop the current run?")
        assert run_launch.under_way()
        await seen.press("stop")
        await seen.see("Stop the current run?")
        await seen.press("yes")
        await seen.see("The run was interrupted")
        await seen.until(lambda: workspace.state().entry("system", None).result == "stopped")


async def test_other_steps_can_be_answered_during_a_run(site):
    (site / "wait-system").touch()
    async with opened(site) as seen:
        await seen.go_to("system")
        await seen.run()
        await seen.see("line 3 of 3")
        await seen.keys("1")
        await seen.go_to("gunicorn")
        await seen.keys("enter")
        await seen.type("3")
        await seen.keys("enter")
        await seen.until(lambda: "workers = 3" in (site / "etc" / "answers.toml").read_text())
        assert "System: change" in seen.text()
        (site / "wait-system").unlink()
        await seen.gone("System: change")


async def test_skipped_step_is_included_again(site):
    async with opened(site) as seen:
        await seen.go_to("ddns")
        await seen.press("skip")
        await seen.see("Include again")
        assert "– Dynamic DNS" in seen.text()
        await seen.press("unskip")
        await seen.see("○ Dynamic DNS")
        await seen.go_to("nginx")
        assert "Skip" not in seen.text()


async def test_another_provider_brings_its_own_questions_and_keeps_the_cursor(site):
    (site / "all-steps").touch()
    fake_pi.install(site)
    store = AnswerStore()

    def chosen(name):
        return seen.until(lambda: AnswerStore().get(None, "ddns.provider") == name)

    for key, value in (("hostname", "www.example.org"), ("provider", "dynu"), ("username", "me")):
        store.set(None, f"ddns.{key}", value)
    async with opened(site, (80, 40)) as seen:
        await seen.go_to("ddns")
        await seen.see("User name")
        assert "Zone" not in seen.text()
        seen.main.navigation.focus_pane()
        await seen.until(lambda: isinstance(seen.app.screen.focused, Choice))
        cursor = seen.app.screen.focused
        await seen.keys("left")
        await chosen("desec")
        await seen.gone("User name")
        await seen.keys("left")
        await chosen("cloudflare")
        await seen.see("Zone")
        assert seen.app.screen.focused is cursor
        assert AnswerStore().get(None, "ddns.username") == "me"
        await seen.keys("right", "right")
        await chosen("dynu")
        await seen.see("User name saved")
        labels = [field.question.prompt for field in seen.app.screen.query(Field)]
        assert labels[:4] == ["Provider", "Host name", "User name", "Password or token"]


async def test_declined_step_is_not_to_do_until_another_answer(site):
    (site / "all-steps").touch()
    fake_pi.install(site)
    AnswerStore().set(None, "dhparam.way", "none")
    async with opened(site) as seen:
        assert "– DH parameters" in seen.text()
        await seen.go_to("dhparam")
        await seen.see("Not wanted, as you answered.")
        assert "Include again" not in seen.text()
        seen.main.navigation.focus_pane()
        await seen.keys("left")
        await seen.until(lambda: AnswerStore().get(None, "dhparam.way") != "none")
        await seen.see("○ DH parameters")
        await seen.until(lambda: seen._button("run"), "the button Install")


async def test_run_that_changes_nothing_offers_a_check(site):
    async with opened(site) as seen:
        await seen.go_to("system")
        await seen.run()
        await seen.until(lambda: (entry := workspace.state().entry("system", None)) and entry.result == "done")
        await seen.see("✓ System")
        first = workspace.state().entry("system", None).run
        seen.main.navigation.choose_tab("Setup")
        await seen.press("again")
        await seen.see("Nothing changes. Check the result again?")
        await seen.see("[ Check ]  [ Back ]")
        await seen.press("yes")
        await seen.until(lambda: workspace.state().entry("system", None).run != first)


async def test_plan_of_everything_that_is_done_can_only_be_closed(site):
    (site / "etc" / "answers.toml").write_text("")
    async with opened(site) as seen:
        await seen.go_to("nginx")
        await seen.run()
        await seen.until(lambda: (entry := workspace.state().entry("nginx", None)) and entry.result == "done")
        await seen.see("✓ nginx")
        seen.main.runs.propose_all()
        await seen.see("Nothing to do: everything is up to date.")
        assert "[ Install ]" not in seen.text()
        await seen.press("no")
        await seen.gone("Nothing to do")


async def test_plan_of_everything_names_what_it_does_not_include(site):
    answers = site / "etc" / "answers.toml"
    answers.write_text(answers.read_text().partition("\n[ddns]")[0])
    async with opened(site) as seen:
        await seen.go_to("system")
        await seen.press("all")
        await seen.see("Install now?")
        assert "Optional steps without answers are not included: Dynamic DNS." in seen.text()


@pytest.mark.nightly
async def test_unanswered_optional_step_delays_nothing(site):
    answers = site / "etc" / "answers.toml"
    answers.write_text(answers.read_text().partition("\n[ddns]")[0])
    async with opened(site) as seen:
        await seen.go_to("ddns")
        await seen.see("Optional: needs your answers.")
        await seen.press("all")
        await seen.see("Install now?")
        assert "Dynamic DNS" not in seen.text().partition("Optional steps without answers")[0]
        await seen.press("yes")
        await seen.see("✓ Site")
        assert not workspace.state().entry("ddns", None)
        await seen.settle()
        await seen.keys("escape", "1")
        await seen.go_to("ddns")
        await seen.keys("enter", "down")
        await seen.type("myflask.example")
        await seen.keys("enter")
        await seen.gone("Optional: waits")
        (site / "fail-ddns").touch()
        await seen.run()
        await seen.see("ddns: it does not work.")


async def test_secret_is_only_in_the_secret_store(site):
    async with opened(site) as seen:
        await seen.go_to("ddns")
        await seen.keys("enter", "down", "down", "down")
        await seen.type(SECRET)
        assert SECRET not in seen.text()
        await seen.keys("enter")
        await seen.until(lambda: "asked = true" in (site / "etc" / "answers.toml").read_text())
        await seen.settle()
        assert SECRET not in seen.app.export_screenshot()
        await seen.run()
        await seen.until(lambda: (entry := workspace.state().entry("ddns", None)) and entry.result == "done")
    files = [path for path in site.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert files == [site / "lib" / "secrets.json"]


async def test_drifted_step_is_repaired(site):
    fake_pi.remember(site, "system")
    (site / "did-system").touch()
    async with opened(site) as seen:
        await seen.go_to("system")
        await seen.see("Write system.conf")
        await seen.see("Repair")
        await seen.keys("2")
        await seen.see("1 change.")


async def test_invalid_answer_is_refused_while_typing(site):
    async with opened(site) as seen:
        await seen.go_to("gunicorn")
        await seen.keys("enter")
        await seen.type("99")
        await seen.see("must be a whole number from 1 to 32")
        await seen.keys("enter")
        assert "99" not in (site / "etc" / "answers.toml").read_text()


async def test_missing_answer_gets_the_cursor(folder):
    async with opened(folder) as seen:
        await seen.go_to("site")
        await seen.press("run")
        await seen.see("has no answer yet")


async def test_unreadable_answers_file_is_reported(site):
    (site / "etc" / "answers.toml").write_text("[site]\nname = 5\n")
    async with opened(site) as seen:
        await seen.see("“Site name” must be")


async def test_checks_tab_shows_results(site):
    (site / "failing-nginx").touch()
    async with opened(site) as seen:
        await seen.go_to("nginx")
        await seen.keys("4")
        await seen.see("1 problem, 1 check passed.")
        await seen.see("Give it some tea.")


async def test_checks_are_wrapped_again_when_width_changes(site):
    async with opened(site, (60, 20)) as seen:
        await seen.go_to("nginx")
        await seen.keys("enter", "4")
        await seen.see("nginx there: it is there")
        await seen.pilot.resize_terminal(26, 20)
        await seen.until(lambda: "it is there" in [line.strip() for line in seen.lines()])
        await seen.pilot.resize_terminal(60, 20)
        await seen.see("nginx there: it is there")


async def test_background_job_shows_progress_and_delays_nothing(site, monkeypatch):
    """Use ddns as a step that continues in the background."""
    alive = site / "job"
    alive.touch()
    job = BackgroundJob("job.service", "The job", lambda: JobProgress(34, "working, 34 %"), lambda: alive)
    monkeypatch.setattr(BackgroundJob, "running", lambda self: alive.exists())
    monkeypatch.setattr(BackgroundJob, "stop", lambda self: alive.unlink())
    monkeypatch.setattr(fake_pi.Ddns, "background", job)
    monkeypatch.setattr("piwizard.steps.registry.STEPS", registry.STEPS)
    for step, result in (("system", "done"), ("ddns", "running")):
        fake_pi.remember(site, step, result=result)
    async with opened(site) as seen:
        await seen.see("◐ Dynamic DNS")
        await seen.see("34%")
        await seen.go_to("nginx")
        await seen.run()
        await seen.until(lambda: (entry := workspace.state().entry("nginx", None)) and entry.result == "done")
        await seen.see("✓ nginx")
        await seen.see("◐ Dynamic DNS")
        await seen.until(lambda: seen.main.monitor.live is None)
        await seen.go_to("ddns")
        await seen.keys("1")
        await seen.press("stop")
        await seen.see("Stop the background job?")
        await seen.press("yes")
        await seen.see("! Dynamic DNS")
        assert not alive.exists()


async def test_address_on_trial_is_kept_by_a_button(site, tried):
    async with opened(site, steps=False) as seen:
        await seen.see("Testing 192.168.1.230: 14")
        await seen.see("192.168.1.197 returns.")
        await seen.press("keep")
        await seen.until(lambda: address_trial.trial_outcome(tried) == "kept")
        await seen.gone("Keep this address?")


async def test_address_on_trial_is_not_asked_about_over_the_old_one(site, tried, monkeypatch):
    monkeypatch.setattr(ssh_sessions, "own_address", lambda: tried.before)
    async with opened(site) as seen:
        await seen.see("You are connected to 192.168.1.197.")
        assert "Keep this address?" not in seen.text()
        assert address_trial.trial_outcome(tried) == "on"
        monkeypatch.setattr(ssh_sessions, "own_address", lambda: tried.host)
        await seen.see("Keep this address?")


async def test_address_on_trial_can_be_postponed_until_it_is_too_late(site, tried, tmp_path):
    async with opened(site, steps=False) as seen:
        await seen.see("Keep this address?")
        await seen.keys("enter")
        await seen.see("192.168.1.230 is still being tested.")
        assert address_trial.trial_outcome(tried) == "on"
        await seen.keys("ctrl+p")
        await seen.type("keep the")
        await seen.keys("enter")
        await seen.see("Keep this address?")
        (tmp_path / "trial.json").rename(tmp_path / "taking-back.json")
        await seen.gone("Keep this address?")
        assert address_trial.trial_outcome(tried) == "taking-back"


async def test_search_covers_the_whole_log(site):
    (site / "chatty-system").write_text("9000")
    (site / "fail-system").touch()
    async with opened(site) as seen:
        await seen.go_to("system")
        await seen.run()
        await seen.see("system: it does not work.")
        await seen.settle()
        await seen.keys("3", "slash")
        await seen.type("line 17 of")
        await seen.keys("enter")
        await seen.see("[system] line 17 of 9000")
        await seen.see("n next, N previous")
        await seen.keys("e")
        await seen.see("First error")
        await seen.see("[system] line 9000 of 9000")
        await seen.keys("end")
        await seen.see("failed in")


async def test_second_site_is_added(site):
    async with opened(site) as seen:
        seen.main.sidebar.focus()
        await seen.keys("end")
        await seen.see("Add another web app to this machine")
        await seen.keys("enter")
        await seen.see("Where is your code?")
        await seen.until(lambda: seen.app.screen.focused)
        await seen.type("https://git.example/me/blog.git")
        await seen.keys("enter")
        await seen.until(lambda: "blog" in AnswerStore().sites())
        await seen.until(lambda: AnswerStore().get("blog", "app.repo") == "https://git.example/me/blog.git")
        assert AnswerStore().get("myflask", "app.repo") == "https://git.example/me/myflask.git"


async def test_lost_connection_saves_no_partial_secret_and_overwrites_no_answer(site):
    answers = site / "etc" / "answers.toml"
    async with opened(site) as seen:
        await seen.go_to("ddns")
        await seen.keys("enter", "down", "down", "down")
        await seen.type("half-a-sec")
        await seen.main.answers.flush(cut_off=True)
        assert "asked" not in answers.read_text()
        await seen.keys("up", "up", "ctrl+e", "ctrl+u")
        await seen.type("first.example")
        answers.write_text(answers.read_text().replace('hostname = "myflask', 'hostname = "second'))
        assert "second.example" in answers.read_text()
        await seen.main.answers.flush(cut_off=True)
        assert "second.example" in answers.read_text(), "the answers saved in another terminal meanwhile"
        assert "first.example" not in answers.read_text()


async def test_enter_accepts_suggested_choice_and_waits_for_slow_questions(site, monkeypatch):
    known = threading.Event()
    asked = Question("ddns.provider", "Provider", "Where from.", v.one_of("no-ip", "duckdns"), kind="choice",
                     choices={"no-ip": "No-IP", "duckdns": "DuckDNS"}, required=True)  # fmt: skip

    def slowly(self, ground, answers):
        if ground is not None:
            known.wait(10)
        return (asked.suggest("duckdns", "one of theirs"), Question("ddns.hostname", "Host name", "", v.host_name))

    monkeypatch.setattr(fake_pi.Ddns, "questions", slowly)
    async with opened(site) as seen:
        seen.main.sidebar.focus()
        seen.main.sidebar.choose("ddns", None)
        await seen.see("Checking this machine")
        await seen.keys("enter", "enter")
        assert not seen.app.query("ConfirmRun"), "confirmed although no question was shown"
        known.set()
        await seen.see("‹ DuckDNS ›  2 of 2")
        await seen.keys("enter")
        await seen.until(lambda: 'provider = "duckdns"' in (site / "etc" / "answers.toml").read_text())


@pytest.mark.nightly
async def test_report_reaches_field_while_it_is_mounted_or_removed(site):
    """Answers are saved and looked up in the background, while their field may come or go."""

    def tell():
        for field in seen.main.query(Field):
            field.report("Found.", "green")
            field.update_question(field.question, asked.answers.get(field.question.key))
            field.commit()

    async with opened(site) as seen:
        await seen.go_to("app")
        setup, instance = seen.main.query_one(SetupPane), seen.main.navigation.chosen
        asked = await run_in_thread(lambda: seen.main.service.asked(instance))
        assert {"text", "table"} <= {question.kind for question in asked.questions}
        for cut_off_after in (0, 2, 5, 13):
            changing = [asyncio.ensure_future(setup.refuse("")), asyncio.ensure_future(setup.ask(instance, asked))]
            for _ in range(cut_off_after):
                await asyncio.sleep(0)
                tell()
            for one in changing:
                one.cancel()
        await asyncio.wait(changing)
        await setup.ask(instance, asked)
        await seen.see("https://git.example/me/myflask.")
        fields = seen.main.query(Field)
        assert [field.question.key for field in fields] == [one.key for one in asked.questions]


async def test_buttons_fit_beside_the_steps_at_80_columns():
    for state in ACTIONS:
        words = [words for _, words in actions(state, optional=True)]
        assert len("  ".join(f"[ {one} ]" for one in words)) <= 52, state


async def test_title_and_purpose_stay_when_the_cursor_is_in_the_step(site):
    async with opened(site, (80, 20)) as seen:
        await seen.go_to("ddns")
        await seen.keys("enter")
        assert seen.main.setup_pane.has_focus_within
        await seen.see("Dynamic DNS   optional")
        await seen.see("Your router's public address changes")


async def test_kept_answer_is_saved_and_no_tick(site):
    async with opened(site) as seen:
        await seen.go_to("ddns")
        await seen.see("Host name saved")
        assert "Host name ✓" not in seen.text()


async def test_name_of_a_variable_is_readable(site):
    async with opened(site) as seen:
        await seen.app.screen.mount(TableEditor({"WEATHER_API_KEY_OF_HOME": "x"}, "", secrets=True))
        await seen.pilot.pause()
        assert seen.app.screen.query_one("TableRow #name").size.width >= 24
