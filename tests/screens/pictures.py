"""Pictures of the main screens for docs/ and README, made by the app itself: python -m tests.screens.pictures

SVG, as Textual draws them; docs/pictures/ is where they go.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import mkdtemp

from piwizard.screens.app import PiwizardApp
from piwizard.screens.backend import Backend
from tests.screens import fake_pi
from tests.screens.conftest import Seen
from tests.screens.test_snapshots import confirm, ending, failed, log, plan, questions, welcome

PICTURES = Path(__file__).parent.parent.parent / "docs" / "pictures"
ANSWERS = (
    '[site]\nname = "myflask"\ndomains = ["songuuli2020.ddns.net"]\n\n'
    '[app]\nrepo = "https://github.com/someone/myflask.git"\n\n[ddns]\nhostname = "songuuli2020.ddns.net"\n'
)


async def picture(name: str, way: object) -> None:
    """One screen, on a fake Pi of its own."""
    folder = Path(mkdtemp(prefix="pi-"))
    fake_pi.install(folder)
    if way is not welcome:
        (folder / "etc").mkdir()
        (folder / "etc" / "answers.toml").write_text(ANSWERS)
    app = PiwizardApp(Backend(), plain=False)
    async with app.run_test(size=(80, 24)) as pilot:
        seen = Seen(pilot, folder)
        await seen.until(lambda: len(app.screen_stack) > 1)
        await seen.settle()
        if way is not welcome:
            await seen.keys("enter")
            await seen.until(lambda: app.screen is seen.main)
            await seen.settle()
        await way(seen)  # type: ignore[operator]
        (PICTURES / f"{name}.svg").write_text(app.export_screenshot(title="piwizard"))


def main() -> None:
    """All of them."""
    PICTURES.mkdir(exist_ok=True)
    ways = {"welcome": welcome, "questions": questions, "plan": plan, "confirm": confirm, "log": log, "failed": failed}
    for name, way in {**ways, "ending": ending}.items():
        asyncio.run(picture(name, way))


if __name__ == "__main__":
    main()
