"""Keep what Flask needs at versions that the app's old Flask works with."""

from __future__ import annotations

import re

from piwizard.apps.requirements import Requirements
from piwizard.apps.version_specs import distribution_of

FLASK_VERSION = re.compile(r"flask\s*==\s*(\d+)\.(\d+)", re.IGNORECASE)
BEFORE_2 = ("werkzeug<2.1", "jinja2<3.1", "markupsafe<2.1", "itsdangerous<2.1", "click<8.1")
BEFORE_2_3 = ("werkzeug<3",)
"""Their later releases lack names that those of Flask import; Flask's own metadata has no upper limits."""


def old_flask_limits(wanted: Requirements) -> tuple[str, ...]:
    """Return limits for packages that Flask needs and that the list lacks."""
    found = next((match for pin in wanted.pins if (match := FLASK_VERSION.match(pin))), None)
    if found is None:
        return ()
    version = int(found[1]), int(found[2])
    limits = BEFORE_2 if version < (2, 0) else BEFORE_2_3 if version < (2, 3) else ()
    known = {*wanted.names, *map(distribution_of, (*wanted.pins, *wanted.constraints))}
    return tuple(one for one in limits if distribution_of(one) not in known)
