"""
What a deployment must have before its first start: keys, passwords, and who may do what in Redis.

Everything is a file in one folder, readable by the one user who needs it. What is there is kept; only
the access list is written anew, out of the passwords that are kept, so that a new release's rights apply.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from services.founding import CHECKPOINT_KEY, SPEAKERS, kept_key
from thidua.contracts import SERVICES
from thidua.log import Names
from thidua.signing import Algorithm, SigningKey

if TYPE_CHECKING:
    from collections.abc import Callable

APPLICATION: Final = 10001
"""The user our processes run as in their containers."""
STORE: Final = 999
"""The user Redis and PostgreSQL run as in theirs."""
PRIVATE: Final = 0o600
FOUNDING: Final = "founding"
ACCESS_LIST: Final = "redis_users.acl"
PUBLISHERS: Final = "publishers"
"""Folder of the passwords that ``thidua access grant`` makes for publishers."""
TOKENS: Final = "# <publisher> <token of at least 16 characters>; who is not named needs none\n"

CONNECT: Final = "+ping +hello +auth +info +time +client|setinfo +client|setname +client|id"
LOOK: Final = "+get +hget +hmget +hgetall +exists +hexists +xread +xrange +xrevrange +xinfo|stream"

Grants = tuple[tuple[str, tuple[str, ...]], ...]
"""Commands, and the keys they may be used on; scripts need every key they name in one grant."""


def grants(role: str) -> Grants:
    """What a role may change in Redis; everybody may look at everything of the log."""
    n = Names()
    match role:
        case "init":
            return (
                ("+eval +evalsha", (n.log, n.open, n.heads, n.chains, n.offsets, n.meta)),
                ("+xadd", (n.log,)),
                ("+hset", (n.heads, n.chains, n.ids("*"), n.meta)),
                ("+set", (n.open,)),
            )
        case "door":
            return (
                ("+eval +evalsha", (n.open, n.clock, n.offsets)),
                ("+hset +hincrby", (n.clock, n.offsets)),
                ("+xadd", (n.inbox("*"), n.receipts("*"))),
                ("+xtrim +xdel +memory|usage", (n.incoming("*"),)),
                ("+eval +evalsha", (n.placed,)),
                ("+set", (n.placed,)),
                ("+hset", (n.places("*"),)),
                ("+xadd", (n.entries("*"),)),
            )
        case "projector":
            return (("+hset", (n.followed,)),)
        case "archive":
            return ("+hset", (n.followed,)), ("+set", (n.open,))
        case "vault":
            return (("+hdel", (n.said,)),)
        case _:
            own = n.inbox(role)
            named = (n.log, n.open, n.heads, n.chains, n.offsets, own, n.answers, n.said, n.clock)
            written = (n.heads, n.chains, n.ids("*"), n.offsets, n.said, n.clock)
            return (
                ("+eval +evalsha", named),
                ("+xadd", (n.log, own, n.answers, n.receipts("*"))),
                ("+xtrim", (own,)),
                ("+hset", (*written, n.followed, n.traces)),
                ("+hincrby", (n.offsets,)),
            )


PUBLISHER: Final = "publisher-"
"""What the name of a publisher's user in Redis begins with; its code follows."""
PUBLISHING: Final = "+ping +hello +auth +xadd +xread +xrange +xrevrange"
_LISTED: Final = re.compile(rf"^user {PUBLISHER}(\S+) on .*?#([0-9a-f]{{64}})", re.MULTILINE)


def publisher_rule(publisher: str, digest: str) -> str:
    """
    What a publisher may do in Redis: add to its own stream and read its own receipts, nothing else.

    *digest* is the SHA-256 of its password. Key patterns tell reading (``%R~``) from writing (``%W~``): it can
    neither read its own stream nor add to its receipts.
    """
    keys = f"%W~{Names().incoming(publisher)} %R~{Names().receipts(publisher)}"
    return f"on #{digest} resetchannels -@all {PUBLISHING} {keys}"


ROLES: Final = ("init", "door", *SERVICES, "projector", "archive", "vault")


def publishers_in(access: str) -> dict[str, str]:
    """The publishers that stand in an ACL file, with the SHA-256 of their passwords."""
    return dict(_LISTED.findall(access))


def access_list(passwords: dict[str, str], operator: str, publishers: dict[str, str]) -> str:
    """
    Redis' ACL file: a user per role and publisher, one for health checks, and the operator who may do everything.

    *publishers* are kept by the digests of their passwords, which only they have.
    """
    lines = [
        # A default user that is merely off loses every script when Redis 8.0 loads its file.
        "user default off resetpass ~* &* +@all",
        "user health on nopass resetkeys resetchannels -@all +ping",
        f"user operator on #{digest_of(operator)} ~* &* +@all",
    ]
    for role, password in passwords.items():
        changes = " ".join(
            f"({commands} {' '.join(f'~{key}' for key in keys)})" for commands, keys in grants(role)
        )
        looking = f"%R~{Names().prefix}*"
        head = f"user {role} on #{digest_of(password)} resetchannels -@all"
        lines.append(f"{head} {CONNECT} {LOOK} {looking} {changes}")
    for publisher, digest in sorted(publishers.items()):
        lines.append(f"user {PUBLISHER}{publisher} {publisher_rule(publisher, digest)}")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Provision:
    """One folder of secrets. ``owned`` hands each file to its user, which only root can do."""

    folder: Path
    owned: bool = True

    def complete(self) -> list[str]:
        """Make what is missing; the names of the files that were made or changed."""
        before = self._contents()
        self._keys()
        passwords = {role: self._redis_password(role) for role in ROLES}
        operator = self._kept("redis_operator_password", STORE, new_password)
        publishers_folder = self.folder / PUBLISHERS
        publishers_folder.mkdir(mode=0o700, exist_ok=True)
        self._hand_over(publishers_folder, STORE)
        self._written("redis_url_operator", STORE, f"redis://operator:{operator}@redis:6379/0")
        listed = self.folder / ACCESS_LIST
        publishers = publishers_in(listed.read_text("utf-8")) if listed.exists() else {}
        self._written(ACCESS_LIST, STORE, access_list(passwords, operator, publishers))
        self._kept("publisher_tokens", APPLICATION, lambda: TOKENS)
        self._kept("postgres_password", STORE, new_password)
        url = self._kept(
            "database_url",
            APPLICATION,
            lambda: f"postgresql+psycopg://reporting:{new_password()}@postgres:5432/thidua",
        )
        reader = self._kept(
            "database_url_reader",
            APPLICATION,
            lambda: f"postgresql+psycopg://reader:{new_password()}@postgres:5432/thidua",
        )
        passwords = {
            role: urlsplit(one).password or ""
            for role, one in (("reporting", url), ("reader", reader))
        }
        self._written("postgres_roles.sql", STORE, _roles(passwords))
        after = self._contents()
        return sorted(name for name, content in after.items() if before.get(name) != content)

    def _keys(self) -> None:
        home = self.folder / FOUNDING
        keys = home / "keys"
        for folder in (home, keys):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._hand_over(folder, APPLICATION)
        # The root key may be taken off the machine once the log is founded.
        if not (home / "founded.json").exists():
            kept_key(keys / "root.pem", Algorithm.ES256)
        for service in SPEAKERS:
            kept_key(keys / f"{service}.pem", Algorithm.EDDSA)
        kept_key(keys / CHECKPOINT_KEY, Algorithm.EDDSA)
        for key in keys.glob("*.pem"):
            self._hand_over(key, APPLICATION)
        if (keys / "root.pem").exists():
            root = SigningKey.from_pem((keys / "root.pem").read_bytes())
            self._written("root_spki", APPLICATION, root.verifying_key.spki)
        elif (home / "founded.json").exists():
            record = json.loads((home / "founded.json").read_bytes())
            self._written("root_spki", APPLICATION, record["root_spki"])

    def _redis_password(self, role: str) -> str:
        url = self._kept(
            f"redis_url_{role}",
            APPLICATION,
            lambda: f"redis://{role}:{new_password()}@redis:6379/0",
        )
        return urlsplit(url).password or ""

    def _kept(self, name: str, owner: int, make: Callable[[], str]) -> str:
        path = self.folder / name
        if not path.exists():
            self._write(path, make())
        self._hand_over(path, owner)
        return path.read_text(encoding="utf-8")

    def _written(self, name: str, owner: int, content: str) -> None:
        path = self.folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            self._write(path, content)
        self._hand_over(path, owner)

    def _write(self, path: Path, content: str) -> None:
        write_private(path, content)

    def _hand_over(self, path: Path, owner: int) -> None:
        if self.owned:
            os.chown(path, owner, owner)

    def _contents(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file()
        }


def write_private(path: Path, content: str) -> None:
    """Write a file that its owner alone reads; a file that is there stays the same file."""
    # In place: a running container sees the file it was given, not a new one of the same name.
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(os.open(path, flags, PRIVATE), "w", encoding="utf-8") as file:
        file.write(content)


def new_password() -> str:
    """A password that nobody guesses."""
    return secrets.token_hex(32)


def digest_of(password: str) -> str:
    """What Redis keeps of a password: its SHA-256."""
    return hashlib.sha256(password.encode()).hexdigest()


def _roles(passwords: dict[str, str]) -> str:
    """
    Who owns the read models, and who may only look at them, without the rights of the server's own role.

    It may be run again over a database that is there.
    """
    made = "".join(
        _ROLE.replace("@role@", role).replace("@password@", password)
        for role, password in passwords.items()
    )
    return made + _DATABASE


_ROLE: Final = r"""
SELECT 'CREATE ROLE @role@ LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '@role@')\gexec
ALTER ROLE @role@ PASSWORD '@password@';
"""
_DATABASE: Final = r"""
SELECT 'CREATE DATABASE thidua OWNER reporting' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'thidua')\gexec
\connect thidua
GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;
ALTER DEFAULT PRIVILEGES FOR ROLE reporting IN SCHEMA public GRANT SELECT ON TABLES TO reader;
"""
