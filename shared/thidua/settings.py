"""The settings that all services share, read once by a composition root from the environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from thidua.errors import SettingsError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


class _Files(PydanticBaseSettingsSource):
    """Reads ``THIDUA_<NAME>_FILE``: the path of a file, such as a docker secret, with the value."""

    def __call__(self) -> dict[str, Any]:
        """Give every setting that a file was named for."""
        named = ((name, self.get_field_value(field, name)) for name, field in self._fields())
        return {name: value for name, (value, _, _) in named if value is not None}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - the signature is the library's
        """Give the content of the named file without the line break at its end."""
        variable = f"{self.config.get('env_prefix', '')}{field_name}_file".upper()
        path = os.environ.get(variable)
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\r\n"), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(variable, fault=f"cannot read {path}: {error}") from error

    def _fields(self) -> list[tuple[str, FieldInfo]]:
        return list(self.settings_cls.model_fields.items())


class Settings(BaseSettings):
    """
    What every service is told: which log, and where its servers are.

    A variable is ``THIDUA_<NAME>``; ``THIDUA_<NAME>_FILE`` names a file with the value instead
    and goes before. Services extend this class and keep its prefix.
    """

    model_config = SettingsConfigDict(
        env_prefix="THIDUA_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    origin: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9./-]{2,120}$")]
    """Name of the log, the ``aud`` of its events: ``log.example.vn/su-kien/p0``."""
    partition: Annotated[str, Field(pattern=r"^p[0-9]{1,3}$")] = "p0"
    redis_url: SecretStr = SecretStr("redis://localhost:6379/0")
    database_url: SecretStr = SecretStr("sqlite+aiosqlite:///thidua.sqlite3")
    archive_url: str | None = None
    """Where the archive answers, reporting's ``/archive/``: what was trimmed from the log is read there."""
    archive_dir: Path | None = None
    """The archive's folder, for who can reach it; goes before ``archive_url``."""
    otlp_endpoint: Annotated[str, Field(pattern=r"^https?://[^\s@]+$")] | None = None
    """Where a collector takes OTLP over HTTP, ``http://collector:4318``: traces are sent there; without it none are made."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def is_sandbox(self) -> bool:
        """Whether the log may play a past year; every page and document then says THỬ NGHIỆM."""
        return self.origin.startswith("sandbox/")

    @classmethod
    def from_environment(cls) -> Self:
        """Read the environment; SettingsError names the first variable that is missing or wrong."""
        try:
            return cls.model_validate({})
        except ValidationError as error:
            # The input is left out: it may be a secret.
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            prefix = str(cls.model_config.get("env_prefix", ""))
            name = "_".join(str(part) for part in first["loc"])
            raise SettingsError(f"{prefix}{name}".upper(), first["msg"]) from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is the library's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is the library's
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then files, then plain variables; no ``.env`` file is ever read."""
        return init_settings, _Files(settings_cls), env_settings
