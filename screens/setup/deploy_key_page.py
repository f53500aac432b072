"""Give piwizard access to a private repository: a deploy key or a token."""

from __future__ import annotations

import asyncio
import textwrap
from functools import partial
from typing import TYPE_CHECKING

from rich.text import Text
from textual.widgets import Static

from piwizard.errors import PiwizardError
from piwizard.screens.background import run_in_thread
from piwizard.screens.messages import AnswerGiven
from piwizard.screens.setup.group_list import GroupList
from piwizard.screens.setup.setup_page import SetupPage
from piwizard.screens.widgets.choice_list import ChoiceList
from piwizard.screens.widgets.log_builder import clean
from piwizard.setup.answer_labels import sentence_of
from piwizard.setup.form_page import FormPage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget

    from piwizard.git.host_keys import HostKey
    from piwizard.screens.setup.site_setup import PageContent, SiteSetup
    from piwizard.setup.repository_key import KeyOffer

KEY, TOKEN = "key", "token"
WAYS = (
    (KEY, "Deploy key        read-only, this repository only (recommended)"),
    (TOKEN, "Access token      if you already have one"),
)
KEY_COLUMNS, MARGIN_COLUMNS = 68, 8
SECONDS_BETWEEN_TESTS = (4, 4, 6, 10, 15, 20)
"""Servers block addresses for a while after several failed logins: the last pause repeats."""


class DeployKeyPage(SetupPage):
    """The page of a private repository.

    It makes the site's key, shows where to add it, and waits until the server accepts it.
    """

    TITLE = "Set up a site"
    STAGE = 0
    PAGE = FormPage.KEY

    def __init__(self, setup: SiteSetup, key: str = "") -> None:
        super().__init__(setup, key)
        self.ways = ChoiceList(WAYS, KEY, id="ways")
        self.repository = Static("", classes="heading", markup=False)
        self.steps = Static("", id="key-steps", markup=False)
        self.waiting = Static("", id="key-waiting", markup=False)
        self.token = GroupList(id="token")
        self._offer: KeyOffer | None = None
        self._unknown: list[HostKey] = []
        self._accepted = False

    def body(self) -> Iterable[Widget]:
        yield Static(Text("Access to a private repository", "bold"), markup=False)
        yield self.repository
        yield Static("How should piwizard read it?", markup=False)
        yield self.ways
        yield self.reading
        yield self.token
        yield self.steps
        yield self.waiting

    def buttons(self) -> Sequence[tuple[str, str]]:
        if self._unknown:
            return (("back", "Back"), ("trust", "Trust this server"))
        if self.ways.value == KEY and not self._accepted:
            return (("back", "Back"), ("continue", "Continue"), ("copy_key", "Copy key"))
        return (("back", "Back"), ("continue", "Continue"))

    async def show(self, content: PageContent) -> None:
        self.repository.update(f"Git repository    {clean(str(content.answers.get('app.repo', '')))}")
        await self.token.show(content.site, content.groups, content.answers)
        self.token.display = self.ways.value == TOKEN
        if self._offer is None and self.ways.value == KEY:
            self._make_key()

    async def reveal(self, key: str) -> None:
        if key == "app.token":
            self.ways.choose(TOKEN)
            await self._show_way()

    async def on_choice_list_picked(self, event: ChoiceList.Picked) -> None:
        if event.control is self.ways:
            event.stop()
            await self._show_way()

    async def on_choice_list_taken(self, event: ChoiceList.Taken) -> None:
        event.stop()
        await self._show_way()
        self.focus_after(self.ways)

    async def _show_way(self) -> None:
        key = self.ways.value == KEY
        self.token.display = not key
        self.steps.display = self.waiting.display = key
        await self.show_buttons(self.buttons())
        if key:
            self._make_key()
        else:
            self.cancel("key")
            self.token.focus_on("app.token")

    def _make_key(self) -> None:
        if self.setup.site is not None:
            self.run_in_background(
                partial(self.service.key_offer, self.setup.site), self._offered, group="offer", refused=self._refused
            )

    def _refused(self, sentence: str) -> None:
        self.steps.update(Text().append(f"\n! {sentence}", "yellow"))
        self.focus_button("continue")  # there is no key to copy

    def _offered(self, offer: KeyOffer) -> None:
        self._offer = offer
        self._show_steps()
        self.focus_main()
        self.start(self._wait, "key")

    def _show_steps(self) -> None:
        offer = self._offer
        if offer is None:
            return
        text = Text()
        text.append("1  ", "bold").append("Open  " if offer.page.page else "")
        text.append(offer.page.page or offer.page.words).append("\n")
        text.append("2  ", "bold").append(f"Title: {self.machine}      Key:\n\n")
        columns = min(KEY_COLUMNS, self.app.size.width - MARGIN_COLUMNS)
        for start in range(0, len(offer.public), columns):
            text.append(f"   {offer.public[start : start + columns]}\n")
        if offer.page.page:
            text.append("\n3  ", "bold").append("\n   ".join(textwrap.wrap(offer.page.words, columns)))
        self.steps.update(text)

    @property
    def machine(self) -> str:
        """Return the name of this machine, as a title for the key."""
        return self.content.facts.hostname if self.content else "raspberrypi"

    async def _wait(self) -> None:
        try:
            await self._test_until_accepted()
        except (PiwizardError, OSError) as error:
            self.waiting.update(Text().append(f"\n! {sentence_of(error)}", "yellow"))

    async def _test_until_accepted(self) -> None:
        """Test the key again and again until the server accepts it."""
        offer, tried = self._offer, 0
        assert offer is not None
        self._unknown = await run_in_thread(partial(self.service.unknown_host_keys, offer))
        if self._unknown:
            await self._ask_to_trust()
            return
        while self.alive:
            test = await run_in_thread(partial(self.service.test_key, offer))
            tried += 1
            if test.ok:
                await self._accept(offer)
                return
            times = "once" if tried == 1 else f"{tried} times"
            text = Text().append("\n● ", "bold cyan").append(f"Waiting for {self._server} to accept the key…")
            self.waiting.update(text.append(f"   tried {times}", "dim"))
            await asyncio.sleep(SECONDS_BETWEEN_TESTS[min(tried, len(SECONDS_BETWEEN_TESTS)) - 1])

    @property
    def _server(self) -> str:
        from piwizard.git.git_address import parse_address

        host = parse_address(self._offer.address).host if self._offer else ""
        return {"github.com": "GitHub", "gitlab.com": "GitLab", "bitbucket.org": "Bitbucket"}.get(host, host)

    async def _ask_to_trust(self) -> None:
        text = (
            Text()
            .append("\n! ", "yellow")
            .append(f"piwizard does not know {self._server} yet. Compare its fingerprint:\n", "default")
        )
        for key in self._unknown:
            text.append(f"   {key.name:8}{key.fingerprint}\n")
        text.append("   On the server: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub", "dim")
        self.waiting.update(text)
        await self.show_buttons(self.buttons())
        self.focus_main()

    async def action_trust(self) -> None:
        """Trust the keys that the server shows, and test the deploy key."""
        offer, unknown = self._offer, self._unknown
        if offer is not None and unknown:
            try:
                await run_in_thread(partial(self.service.trust_server, offer.site, unknown))
            except (PiwizardError, OSError) as error:
                self.notify_line(sentence_of(error))
                return
            self._unknown = []
            await self.show_buttons(self.buttons())
            self.start(self._wait, "key")

    async def _accept(self, offer: KeyOffer) -> None:
        self._accepted = True
        self.waiting.update(Text().append("\n✓ ", "green").append(f"{self._server} accepts the key."))
        self.answers.give(AnswerGiven(offer.site, "app.repo", offer.address))
        await self.show_buttons(self.buttons())
        self.focus_main()

    def action_copy_key(self) -> None:
        """Copy the key to the clipboard of the terminal."""
        if self._offer is not None:
            self.app.copy_to_clipboard(self._offer.public)
            self.notify_line("Copied. If your terminal does not support this, select the key with the mouse.", "green")

    def next_page(self) -> FormPage:
        return FormPage.APP  # its code can be read now

    def answer_saved(self, key: str) -> None:
        self.service.look_for_new_code()
        super().answer_saved(key)
