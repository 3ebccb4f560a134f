"""Settings come from the environment and from files, and secrets do not show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from thidua.errors import SettingsError
from thidua.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ORIGIN", "PARTITION", "REDIS_URL", "DATABASE_URL", "LOG_LEVEL"):
        monkeypatch.delenv(f"THIDUA_{name}", raising=False)
        monkeypatch.delenv(f"THIDUA_{name}_FILE", raising=False)


def test_a_missing_origin_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THIDUA_REDIS_URL", "redis://h/0")

    with pytest.raises(SettingsError) as caught:
        Settings.from_environment()

    assert caught.value.name == "THIDUA_ORIGIN"


def test_a_secret_comes_from_its_file_which_goes_before_the_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "redis_url"
    secret.write_text("redis://user:pass@h/0\n", encoding="utf-8")
    monkeypatch.setenv("THIDUA_ORIGIN", "log.example.vn/p0")
    monkeypatch.setenv("THIDUA_REDIS_URL", "redis://other/0")
    monkeypatch.setenv("THIDUA_REDIS_URL_FILE", str(secret))

    settings = Settings.from_environment()

    assert settings.redis_url.get_secret_value() == "redis://user:pass@h/0"
    assert "pass" not in repr(settings)


def test_a_file_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("THIDUA_ORIGIN", "log.example.vn/p0")
    monkeypatch.setenv("THIDUA_DATABASE_URL_FILE", str(tmp_path / "none"))

    with pytest.raises(SettingsError) as caught:
        Settings.from_environment()

    assert caught.value.name == "THIDUA_DATABASE_URL_FILE"


def test_a_wrong_value_is_never_repeated_in_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THIDUA_ORIGIN", "HÀ NỘI secret")

    with pytest.raises(SettingsError) as caught:
        Settings.from_environment()

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("origin", "sandbox"), [("log.example.vn/p0", False), ("sandbox/log.example.vn/p0", True)]
)
def test_a_log_whose_name_says_so_is_a_sandbox(origin: str, sandbox: bool) -> None:
    assert Settings(origin=origin).is_sandbox is sandbox


@pytest.mark.parametrize("name", ["origin", "redis_url"])
def test_settings_cannot_be_changed_while_running(name: str) -> None:
    settings = Settings(origin="log.example.vn/p0")

    with pytest.raises(ValidationError):
        setattr(settings, name, "log.example.vn/p1")
