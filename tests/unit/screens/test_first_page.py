"""Test what the first page loads: memory and time on an old Pi depend on it."""

from __future__ import annotations

import subprocess
import sys

FIRST_PAGE = """
import asyncio, sys
from piwizard.screens.screen_service import ScreenService
from piwizard.screens.textual_app import PiwizardApp

ScreenService.first_visit = lambda self: True

async def main():
    app = PiwizardApp(ScreenService())
    async with app.run_test() as pilot:
        while "Checking this Pi" in str(app.screen.ready.render()):
            await asyncio.sleep(0.02)
        while "piwizard.screens.home.run_log_page" not in sys.modules:  # what is loaded behind the page
            await asyncio.sleep(0.02)
        await app.workers.wait_for_complete()

asyncio.run(main())
print("loaded:", *sorted(sys.modules))
"""
NOT_YET = ("piwizard.steps", "piwizard.setup.planner", "piwizard.changes", "piwizard.apps", "piwizard.tls", "jinja2")
"""Hundreds of modules, with ten MiB: only the pages behind the first one need them."""


def test_first_page_loads_neither_steps_nor_planner():
    result = subprocess.run((sys.executable, "-c", FIRST_PAGE), capture_output=True, text=True, check=True)
    loaded = result.stdout.rpartition("loaded:")[2].split()
    assert "piwizard.screens.setup.welcome_page" in loaded
    assert [name for name in loaded if name.startswith(NOT_YET)] == []
