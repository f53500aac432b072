"""The steps, in the order the wizard walks them."""

from __future__ import annotations

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

HOLDS_DATA = "app"
"""The step whose undo meets what an app has written: that goes only after a yes of its own."""
