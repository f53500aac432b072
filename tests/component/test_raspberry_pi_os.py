"""An app that needs a package of Raspberry Pi OS, set up from repository and name alone."""

from __future__ import annotations

import pytest

from tests.lab import hardware, quickstart
from tests.lab.lab import Lab

HOST = "camera.example.org"
APP = """
import os

from flask import Flask, Response
from picamera2 import Picamera2
from picamera2.encoders import MJPEGEncoder
from picamera2.outputs import FileOutput

app = Flask(__name__)
app.config["gallery"] = os.path.join(os.path.dirname(__file__), "static", "gallery")
os.makedirs(app.config["gallery"], exist_ok=True)
camera = Picamera2()


@app.get("/")
def home():
    return "camera"


@app.post("/picture")
def take():
    camera.capture_file(os.path.join(app.config["gallery"], "1.jpg"))
    return "taken"


if __name__ == "__main__":
    app.run(host="0.0.0.0")
"""
ANSWERS = """[site]
name = "camera"
domains = ["{host}"]

[app]
repo = "{repo}"
"""


@pytest.mark.nightly
def test_camera_app_runs_and_its_pictures_are_served(lab: Lab, release: str) -> None:
    lab.git.start_over("camera", {"app.py": APP})
    pi = lab.pi(release, layer=hardware.attached(lab, release))
    try:
        pi.write(quickstart.ANSWERS, ANSWERS.format(host=HOST, repo=lab.git.url("camera")))
        quickstart.apply(pi, "--answers", quickstart.ANSWERS)
        assert pi.http("/", host=HOST).text == "camera"
        assert pi.http("/picture", host=HOST, method="POST").text == "taken"
        assert pi.http("/static/gallery/1.jpg", host=HOST).body.startswith(b"\xff\xd8")
        assert pi.run(("piwizard", "plan"), check=False).exit == 0
    finally:
        pi.discard()
