"""Tell the domains that a certificate can have from those of the home network."""

from __future__ import annotations

from piwizard.answers.model import Answers
from piwizard.nginx.home_names import is_home_name


def certified_names(answers: Answers) -> tuple[str, ...]:
    """Return the domains that a site's certificate has.

    A private ACME server may know all of them.
    """
    names = tuple(answers["site.domains"])
    return names if answers.get("tls.server") else tuple(name for name in names if not is_home_name(name))


def public_names(answers: Answers) -> tuple[str, ...]:
    """Return the domains that visitors on the Internet use; all where there are none."""
    return certified_names(answers) or tuple(answers["site.domains"])
