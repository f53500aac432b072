"""Test the limits for packages that an old Flask needs."""

from __future__ import annotations

import pytest

from piwizard.apps.environment_packages import pip_install
from piwizard.apps.repository_checkout import scan_checkout
from piwizard.apps.requirements import find_requirements
from tests.unit.apps.conftest import Tree


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("Flask==2.0.1\n", ("werkzeug<3",)),
        ("flask == 2.2.5\nrequests\n", ("werkzeug<3",)),
        ("Flask==2.0.1\nWerkzeug==2.0.3\n", ()),
        (
            "Flask==1.1.2\nJinja2==2.11.3\nWerkzeug==1.0.1\n",
            ("markupsafe<2.1", "itsdangerous<2.1", "click<8.1"),
        ),
        ("Flask==2.3.3\n", ()),
        ("Flask==3.0.0\n", ()),
        ("Flask\n", ()),
        ("Flask-Login==0.5.0\n", ()),
    ],
)
def test_packages_of_an_old_flask_stay_old(tree: Tree, text: str, limits: tuple[str, ...]) -> None:
    found = find_requirements(scan_checkout(tree({"app.py": "", "requirements.txt": text})))
    assert pip_install(found, ()).constraints == limits
