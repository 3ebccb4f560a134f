"""The file for whoever helps from afar: what is in it, and what never is."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from services.condition import PROCESSES
from services.doctor import BundleThereError, bundle, doctor, without_secrets, write_bundle
from tests.deploy.test_condition import WELL
from thidua.embedded import free_port
from thidua.signing import Algorithm, SigningKey

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "b1f2c3d4e5f60718"
ALL = frozenset(PROCESSES)


def test_it_holds_the_screen_the_figures_and_the_versions() -> None:
    members = bundle(WELL, ALL)
    assert members["status.txt"].startswith("TỐT / GOOD")
    assert json.loads(members["status.json"])["position"] == 90
    assert json.loads(members["figures.json"])["archive"]["thidua_disk_free_bytes archive"] == 50
    assert "thidua" in json.loads(members["machine.json"])["packages"]


def test_no_password_key_or_token_that_a_process_says_by_mistake_is_in_it() -> None:
    pem = SigningKey.generate(Algorithm.EDDSA).to_pem().decode()
    words = f"cannot reach redis://door:{PASSWORD}@redis:6379 with {pem} or Bearer {PASSWORD}"
    look = replace(WELL, ready={**WELL.ready, "units": (False, words)})
    whole = "".join(bundle(look, ALL).values())
    assert "cannot reach redis://…@redis:6379" in whole
    assert PASSWORD not in whole
    assert pem.splitlines()[1] not in whole
    assert "PRIVATE KEY" not in whole


def test_what_is_no_secret_is_left_as_it_is() -> None:
    for text in ("http://127.0.0.1:8080/en/", "a@b.vn", "2024-01-02T01:00:00Z"):
        assert without_secrets(text) == text


def test_it_is_its_owners_alone_and_overwrites_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    write_bundle(path, {"a.txt": "ă"})
    assert path.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(path) as found:
        assert found.read("a.txt").decode() == "ă"
    with pytest.raises(BundleThereError):
        write_bundle(path, {})


def test_what_goes_in_is_said_before_and_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    command = typer.Typer()
    command.command()(doctor)
    nowhere = [f"--at={name}=http://127.0.0.1:{free_port()}" for name in PROCESSES]
    path = tmp_path / "a.zip"
    told = CliRunner().invoke(command, [*nowhere, f"--out={path}", "--dry-run"])
    assert told.exit_code == 0
    assert "status.json" in told.stderr
    assert not path.exists()
    assert CliRunner().invoke(command, [*nowhere, f"--out={path}"]).exit_code == 0
    with zipfile.ZipFile(path) as found:
        assert {line.split()[1] for line in told.stderr.splitlines()} == set(found.namelist())
