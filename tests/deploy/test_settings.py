"""Every setting is known to the code, stands in the example and is explained; no secret is in the tree."""

from __future__ import annotations

import inspect
import re
import subprocess
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import yaml

from services.access import grant
from services.ballots.app import BallotsSettings
from services.founding import init
from services.reporting.app import ReportingSettings
from services.units.door_app import DoorSettings
from tests.deploy.stack import DEPLOY, variables
from thidua.serving import ServiceSettings
from thidua.settings import Settings

ROOT = DEPLOY.parent
README = (DEPLOY / "README.md").read_text(encoding="utf-8")
FIELDS = {
    f"THIDUA_{name}".upper()
    for kind in (Settings, DoorSettings, ServiceSettings, BallotsSettings, ReportingSettings)
    for name in kind.model_fields
}
ONLY_COMPOSE = {
    "THIDUA_IMAGE",
    "THIDUA_MEMORY",
    "THIDUA_SECRETS",
    "THIDUA_DOMAIN",
    "THIDUA_BACKUPS",
    "THIDUA_BACKUP_KEYS",
}
OF_PUBLISHERS = {"THIDUA_URL", "THIDUA_OUTBOX"}
"""What the commands of publishers read, of which the vault's container sends one."""
ONLY_UP = {"THIDUA_ENV_FILE", "THIDUA_UP_SECONDS"}
SHEBANG = re.compile(rb"^#!.*\b(bash|sh)\b")


def options_of(command: Any) -> set[str]:
    hints = get_type_hints(command, include_extras=True)
    told = [
        hint for name in inspect.signature(command).parameters for hint in get_args(hints[name])
    ]
    return {one.envvar for one in told if getattr(one, "envvar", None)}


KNOWN = FIELDS | options_of(init) | options_of(grant) | {"THIDUA_VAULT_URL"}


def test_every_setting_a_container_gets_is_one_the_code_reads() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    for name, service in compose["services"].items():
        for variable in service.get("environment", {}):
            if variable.startswith("THIDUA_"):
                known = KNOWN | ONLY_COMPOSE | OF_PUBLISHERS
                assert known & {variable, variable.removesuffix("_FILE")}, f"{name}: {variable}"


def test_every_setting_of_the_example_is_one_that_something_reads() -> None:
    ours = {name for name in variables() if name.startswith("THIDUA_")}
    assert ours <= KNOWN | ONLY_COMPOSE


@pytest.mark.parametrize("name", sorted(KNOWN | ONLY_COMPOSE | ONLY_UP | variables().keys()))
def test_the_manual_explains_every_setting(name: str) -> None:
    assert re.search(rf"^\|.*`{name}`.*\|.*\|", README, re.MULTILINE)


def test_the_manual_explains_no_setting_that_is_gone() -> None:
    explained = set(re.findall(r"`((?:THIDUA|REDIS|POSTGRES|PYTHON)_[A-Z_]+)`", README))
    assert explained <= KNOWN | ONLY_COMPOSE | ONLY_UP | variables().keys()


def test_the_log_of_the_example_is_a_real_one() -> None:
    example = variables()
    assert not example["THIDUA_ORIGIN"].startswith("sandbox/")
    assert Settings(origin=example["THIDUA_ORIGIN"]).is_sandbox is False
    assert example["THIDUA_FOUNDED_AT"] == ""


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listed.stdout.split("\0") if (path := ROOT / name).is_file()]


def test_no_secret_stands_in_the_tree() -> None:
    private = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/=]{40}")
    address = re.compile(rb"://[a-z]+:[0-9a-f]{32,}@")
    for path in tracked():
        content = path.read_bytes()
        assert not private.search(content), path
        assert not address.search(content), path
        assert path.name != ".env", path


def test_settings_and_secrets_of_a_machine_are_neither_committed_nor_sent_into_the_image() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    private = {"deploy/.env", "deploy/secrets/", "deploy/backups/", "deploy/backup-keys/"}
    assert private <= set(ignored)
    sent = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in sent if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert not any(rule.startswith(("!deploy", "!tests", "!.")) for rule in rules)


@pytest.mark.parametrize(
    "path",
    [path for path in tracked() if SHEBANG.match(path.read_bytes()[:80])],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_a_shell_script_can_be_read_stops_at_the_first_fault_and_may_be_run(path: Path) -> None:
    read = subprocess.run(["bash", "-n", path], capture_output=True, text=True, check=False)
    assert read.returncode == 0, read.stderr
    strict = (
        "set -eu"
        if path.read_text(encoding="utf-8").startswith("#!/bin/sh")
        else "set -euo pipefail"
    )
    assert strict in path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o111
