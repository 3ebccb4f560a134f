"""
Who publishes, to which log, from where: the settings of a publisher's commands, and where they are kept.

A flag stands before the environment, that before ``thidua.toml`` of the folder one works in, that before
the user's own file (``$XDG_CONFIG_HOME/thidua/config.toml``).
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from thidua.errors import MalformedError, RejectError
from thidua.fact_words import expectation
from thidua.outbox import Outbox
from thidua.publishing import DoorClient, Publisher
from thidua.sending import PublisherClient
from thidua.signing import SigningKey

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES: Final = (
    "origin",
    "source",
    "kid",
    "key_file",
    "url",
    "outbox",
    "door_key",
    "archive",
    "policy",
    "custody",
    "key_store",
)
"""What may be set; ``THIDUA_ORIGIN`` and so on in the environment."""
KEY_STORES: Final = ("none", "os")
PROJECT_FILE: Final = "thidua.toml"
DEFAULT_URL: Final = "http://127.0.0.1:8081"
_WHAT: Final = {
    "origin": "tên sổ / the log's name, such as so.example.vn/p0",
    "source": "bên công bố / who says it, such as /units/LCA",
    "kid": "tên khóa đã đăng ký / the key's registered name, such as LCA/2026-1",
    "key_file": "tệp khóa riêng / the file with the private key",
    "url": "địa chỉ cổng tiếp nhận / the door's address, such as http://127.0.0.1:8081",
    "archive": "kho lưu của sổ, thư mục hoặc địa chỉ / the log's archive, a folder or an address",
    "policy": "tệp chính sách nhận bằng đường khác / the policy file, got on another way",
    "door_key": "khóa công khai của cổng tiếp nhận (SPKI) / the door's public key (SPKI)",
}

_FORMS: Final = {
    "origin": re.compile(r"\S{3,128}"),
    "source": re.compile(r"/(units|authorities|services)/[A-Za-z0-9-]{2,16}"),
    "kid": re.compile(r"[A-Za-z0-9._/-]{1,64}"),
    "url": re.compile(r"https?://[^\s/]\S*"),
}


class UnsetError(RejectError):
    """A setting is needed and nowhere given."""

    def __init__(self, name: str) -> None:
        super().__init__(f"thiếu {name}: {_WHAT[name]}")
        self.name = name

    def diagnostics(self) -> str:
        """Name the three places."""
        flag = self.name.replace("_", "-")
        return (
            f'Dùng --{flag}, biến THIDUA_{self.name.upper()}, hoặc {self.name} = "…" trong {PROJECT_FILE}. / '
            "Give it in one of these places."
        )


class SettingValueError(RejectError):
    """A setting has a value that it cannot have."""

    def __init__(self, name: str, expected: str, given: str) -> None:
        super().__init__(f"{name}: cần / expected {expected}; có / given {given[:40] or '–'}")
        self.name = name

    def diagnostics(self) -> str:
        """Name the setting to correct."""
        return f"Sửa {self.name}; chưa ghi gì. / Correct {self.name}; nothing was written."


class SettingsFileError(RejectError):
    """A settings file cannot be read, or has a name that is none."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f"{path}: {fault}")

    def diagnostics(self) -> str:
        """Name what may stand there."""
        return f"Chỉ dùng / only: {', '.join(NAMES)}"


class KeyFileError(RejectError):
    """The private key cannot be read."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f"không đọc được khóa {path} / cannot read the key: {fault}")

    def diagnostics(self) -> str:
        """Name the command that makes one."""
        return "Tạo khóa mới: thidua keygen FILE / make one with thidua keygen."


def of_form(name: str, value: str) -> str:
    """The value, when the setting *name* can have it; raises ``SettingValueError``."""
    if name in _FORMS and not _FORMS[name].fullmatch(value):
        raise SettingValueError(name, _WHAT[name], value)
    return value


@dataclass(frozen=True, slots=True)
class Identity:
    """A publisher's settings as found, and which file each of them came from."""

    values: Mapping[str, str]
    files: Mapping[str, Path] = field(default_factory=dict)
    state_home: Path = Path("~/.local/state")

    def need(self, name: str) -> str:
        """A setting that must be there; raises ``UnsetError`` and ``SettingValueError``."""
        value = self.values.get(name, "")
        if not value:
            raise UnsetError(name)
        return of_form(name, value)

    @property
    def url(self) -> str:
        """Where the door is; raises ``SettingValueError``."""
        return of_form("url", self.values.get("url", DEFAULT_URL))

    @property
    def outbox_folder(self) -> Path:
        """Where the outbox is: one per log and publisher unless it is set."""
        return self._folder("outbox")

    @property
    def custody_folder(self) -> Path:
        """Where credentials and key shares are: one per log and publisher unless it is set."""
        return self._folder("custody")

    @property
    def uses_key_store(self) -> bool:
        """Whether the machine's key store holds the passphrases; raises :class:`SettingValueError`."""
        told = self.values.get("key_store", KEY_STORES[0])
        if told not in KEY_STORES:
            raise SettingValueError("key_store", " | ".join(KEY_STORES), told)
        return told == "os"

    def _folder(self, name: str) -> Path:
        if name in self.values:
            return Path(self.values[name]).expanduser()
        named = f"{self.need('origin')}{self.need('source')}"
        folder = re.sub(r"[^A-Za-z0-9.-]", "_", named)
        return self.state_home.expanduser() / "thidua" / name / folder

    def outbox(self) -> Outbox:
        """The outbox."""
        return Outbox(self.outbox_folder)

    def publisher(self) -> Publisher:
        """Who signs; raises ``UnsetError`` and ``KeyFileError``."""
        path = Path(self.need("key_file")).expanduser()
        return Publisher(self.need("origin"), self.need("source"), self.need("kid"), read_key(path))

    def client(self, *, wait: int = 10) -> PublisherClient:
        """The client over the outbox, the key and the door."""
        publisher = self.publisher()
        return PublisherClient(self.outbox(), publisher, DoorClient(self.url), wait=wait)


def read_key(path: Path) -> SigningKey:
    """The private key in a file; raises ``KeyFileError``."""
    try:
        return SigningKey.from_pem(path.read_bytes())
    except OSError as error:
        raise KeyFileError(path, error.strerror or str(error)) from None
    except MalformedError as error:
        raise KeyFileError(path, expectation(error.expected, error.given)) from None


def find_identity(
    given: Mapping[str, str | None], environment: Mapping[str, str], working: Path
) -> Identity:
    """The settings from flags, environment and files, in this order; raises ``SettingsFileError``."""
    values: dict[str, str] = {}
    files: dict[str, Path] = {}
    config = Path(environment.get("XDG_CONFIG_HOME") or "~/.config").expanduser()
    for path in (config / "thidua" / "config.toml", working / PROJECT_FILE):
        found = _settings(path)
        values |= found
        files |= dict.fromkeys(found, path)
    for name in NAMES:
        told = given.get(name) or environment.get(f"THIDUA_{name.upper()}")
        if told:
            values[name] = told
            files.pop(name, None)
    state = environment.get("XDG_STATE_HOME") or "~/.local/state"
    return Identity(values, files, Path(state))


def _settings(path: Path) -> dict[str, str]:
    try:
        # Windows' own editor begins a file with a byte order mark.
        found = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsFileError(path, error.strerror or str(error)) from None
    except ValueError as error:
        raise SettingsFileError(path, str(error)) from None
    for name, value in found.items():
        if name not in NAMES or not isinstance(value, str):
            raise SettingsFileError(path, f"{name}: không dùng được / not usable")
    folder = path.parent
    return {
        name: str(folder / Path(value).expanduser()) if _is_path(name, value) else value
        for name, value in found.items()
    }


def _is_path(name: str, value: str) -> bool:
    if name == "archive":
        return "://" not in value
    return name in ("key_file", "outbox", "policy", "custody")


def change_settings(path: Path, changed: Mapping[str, str]) -> None:
    """Write new values into a settings file, its other lines as they were; all or nothing."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    for name, value in changed.items():
        told = value.replace("\\", "\\\\").replace('"', '\\"')
        lines = [
            f'{name} = "{told}"' if re.match(rf"\s*{name}\s*=", line) else line for line in lines
        ]
    fresh = path.with_suffix(".new")
    fresh.write_text("\n".join(lines) + "\n", encoding="utf-8")
    fresh.replace(path)
