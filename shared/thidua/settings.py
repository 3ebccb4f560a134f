"""The settings that all services share, read once by a composition root from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from thidua.errors import SettingsError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


class _Files(EnvSettingsSource):
    """Reads ``THIDUA_<NAME>_FILE``: the path of a file, such as a docker secret, with the value."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Give the content of the named file without the line break at its end."""
        _, key, is_complex = super().get_field_value(field, field_name)
        variable = f"{self.env_prefix}{field_name}_file"
        path = self.env_vars.get(variable.lower())
        if path is None:
            return None, key, is_complex
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\r\n"), key, is_complex
        except (OSError, UnicodeDecodeError) as error:
            fault = f"cannot read {path}: {error}"
            raise SettingsError(variable.upper(), fault) from error


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
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then files, then plain variables; no ``.env`` file is ever read."""
        return init_settings, _Files(settings_cls), env_settings
