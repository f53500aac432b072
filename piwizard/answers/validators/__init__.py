"""Validate answers, for the answers file, the screens and the prompts alike.

A validator takes the value from TOML or a form and returns the value to keep. It raises Invalid with the rest of a
sentence that begins with the key of the answer: "must be a whole number from 1 to 32".
"""

from __future__ import annotations

from piwizard.answers.validators.basic import Invalid, Validator, list_of, one_of, text, whole, yes_or_no
from piwizard.answers.validators.deploy_answers import deploy_ways, ssh_public_key
from piwizard.answers.validators.entries import entry
from piwizard.answers.validators.identifiers import (
    TAKEN_NAMES,
    email,
    full_name,
    host_name,
    host_or_address,
    login,
    site_name,
)
from piwizard.answers.validators.machine import debian_package, hardware, power_actions
from piwizard.answers.validators.process_tables import processes, schedule
from piwizard.answers.validators.repository import (
    CHALLENGES,
    arguments,
    command,
    full_path,
    inside,
    python,
    reference,
    static,
    url_path,
    working_directory,
)
from piwizard.answers.validators.secret_sources import environment, given_secret, secret_source, secret_text
from piwizard.answers.validators.shown_paths import shown_paths
from piwizard.answers.validators.urls import directory, fingerprint, repository

__all__ = [
    "CHALLENGES",
    "TAKEN_NAMES",
    "Invalid",
    "Validator",
    "arguments",
    "command",
    "debian_package",
    "deploy_ways",
    "directory",
    "email",
    "entry",
    "environment",
    "fingerprint",
    "full_name",
    "full_path",
    "given_secret",
    "hardware",
    "host_name",
    "host_or_address",
    "inside",
    "list_of",
    "login",
    "one_of",
    "power_actions",
    "processes",
    "python",
    "reference",
    "repository",
    "schedule",
    "secret_source",
    "secret_text",
    "shown_paths",
    "site_name",
    "ssh_public_key",
    "static",
    "text",
    "url_path",
    "whole",
    "working_directory",
    "yes_or_no",
]
