"""Apps as people write them for their own Pi: odd entries, lists frozen elsewhere, paths of their own home."""

from __future__ import annotations

from tests.lab import layers, quickstart, sample_app
from tests.lab.lab import Lab
from tests.lab.pi import Pi

SERVER = """
import sqlite3

from flask import Flask

import config

DATABASE = "/home/anna/lamp/log/switched.db"


class Server:
    def __init__(self):
        self.app = Flask(__name__)
        self.app.add_url_rule("/", "home", self.home)

    def home(self):
        with sqlite3.connect(DATABASE) as database:
            database.execute("create table if not exists switched (at real)")
            database.execute("insert into switched values (1)")
            return f"{config.LAMP} switched {database.execute('select count(*) from switched').fetchone()[0]} times"


if __name__ == "__main__":
    server = Server()
"""
FROZEN = "flask\npkg-resources==0.0.0\ngunicorn==20.0.4\n"


def test_app_of_another_shape_is_served(lab: Lab, served_pi: Pi) -> None:
    lab.git.start_over("lamp", {"lamp-server.py": SERVER, "requirements.txt": FROZEN, ".gitignore": "config.py\n"})
    answers = sample_app.answers(lab.git.url("lamp"))
    served_pi.write(quickstart.ANSWERS, answers)
    refused = quickstart.apply(served_pi, "--yes", "--answers", quickstart.ANSWERS, check=False)
    assert refused.exit != 0
    assert "pkg-resources==0.0.0 (line 2)" in refused.output + refused.errors
    assert "It works." in served_pi.http("/", host=quickstart.HOST).text, "nothing is altered before the refusal"

    skipping = answers.replace("[app]\n", '[app]\nskip_requirements = ["pkg-resources"]\n')
    served_pi.write(quickstart.ANSWERS, skipping)
    lacking = quickstart.apply(served_pi, "--yes", "--answers", quickstart.ANSWERS, check=False)
    assert lacking.exit != 0
    said = lacking.output + lacking.errors
    assert "gunicorn==20.0.4, which is too old" in said
    assert "Put your own file at /srv/myflask/data/config.py" in said
    served_pi.write("/root/config.py", "LAMP = 'The lamp'\n")
    served_pi.run(("install", "-D", "-m", "640", "/root/config.py", "/srv/myflask/data/config.py"))
    quickstart.apply(served_pi, "--yes", "--answers", quickstart.ANSWERS)
    assert served_pi.http("/", host=quickstart.HOST).text.startswith("The lamp switched ")
    assert "switched.db" in served_pi.run(("ls", "/srv/myflask/data")).output
    assert not served_pi.run(("ls", "/home/anna"), check=False).ok, (
        "the app's own view of /home changes nothing outside of it"
    )
    assert layers.REPOSITORY not in served_pi.read("/srv/myflask/current/release.json")
