"""Test which lists of packages a later release may use again."""

from __future__ import annotations

import pytest

from piwizard.changes.pip_install import PipInstall


@pytest.mark.parametrize(
    "line",
    ["-e .", ".", "./library", "-r base.txt", "-c pins.txt", "git+https://example.org/x.git", "x @ https://example.org/x.zip",
     "https://example.org/x.whl", "lib/x.whl", "--find-links=wheels", "file:x"],
)  # fmt: skip
def test_list_that_refers_to_other_files_is_installed_for_each_release(tmp_path, line):
    (tmp_path / "requirements.txt").write_text(f"flask\n{line}\n")
    assert not PipInstall(("-r", "requirements.txt"), inputs=("requirements.txt",)).repeatable(tmp_path)
    assert not PipInstall((line,)).repeatable(tmp_path)
    assert not PipInstall(lines=("flask", line)).repeatable(tmp_path)


def test_list_of_names_and_versions_can_be_used_again(tmp_path):
    text = (
        "# what the lamp needs\nFlask>=3,<4  # the web\n--index-url https://www.piwheels.org/simple\n\n"
        "gpiozero == 2.0 ; sys_platform == 'linux'\nuvicorn[standard]~=0.30\nblinker==1.9 \\\n    --hash=sha256:00ff\n"
    )
    (tmp_path / "requirements.txt").write_text(text)
    pip = PipInstall(("-r", "requirements.txt"), added=("gunicorn>=23,<28",), inputs=("requirements.txt",))
    assert pip.repeatable(tmp_path)
