"""List the pages of a setup, in order."""

from __future__ import annotations

from piwizard.screens.setup.address_page import AddressPage
from piwizard.screens.setup.deploy_key_page import DeployKeyPage
from piwizard.screens.setup.review_page import ReviewPage
from piwizard.screens.setup.settings_page import SettingsPage
from piwizard.screens.setup.setup_page import SetupPage
from piwizard.screens.setup.site_settings_page import SiteSettingsPage
from piwizard.screens.setup.your_app_page import YourAppPage
from piwizard.setup.form_page import FormPage

PAGES: dict[FormPage, type[SetupPage]] = {
    page.PAGE: page for page in (YourAppPage, DeployKeyPage, SettingsPage, AddressPage, ReviewPage, SiteSettingsPage)
}
