"""
The keys of a log, folded from its events: who owns which key, and whether it may sign now.

Validity follows the order of the log, never a clock. A ring is the state just before an
entry: a key registered by an entry signs from the next one on, and a key replaced or revoked
by an entry signs nothing after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from thidua.errors import KeyUsedError
from thidua.signing import Algorithm, VerifyingKey

if TYPE_CHECKING:
    from datetime import date


class KeyStatus(StrEnum):
    """Where a key stands in its life."""

    ACTIVE = "active"
    RETIRED = "retired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """Where the chain of a key that went ended with one service: last ``seq`` and event hash."""

    service: str
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Key:
    """
    One registered key.

    *owner* is the ``source`` its events must name. *suspect_from* marks events since that day
    for review; it erases none.
    """

    kid: str
    owner: str
    alg: Algorithm
    spki: str
    registered_by: str
    status: KeyStatus = KeyStatus.ACTIVE
    replaced_by: str | None = None
    revoked_by: str | None = None
    suspect_from: date | None = None
    ends: tuple[ChainEnd, ...] = ()

    @property
    def is_active(self) -> bool:
        """Whether the key may sign the next entry."""
        return self.status is KeyStatus.ACTIVE

    @property
    def verifying_key(self) -> VerifyingKey:
        """The public key, loaded once for all keys of the same material."""
        return VerifyingKey.from_spki(self.spki, self.alg)


@dataclass(frozen=True, slots=True, eq=False)
class KeyRing(Mapping[str, Key]):
    """
    All keys ever registered, by name; every change gives a new ring.

    A name and key material are used once, ever: also a retired or revoked key keeps both.
    """

    _keys: Mapping[str, Key] = field(default_factory=dict)
    _material: frozenset[str] = frozenset()

    def __getitem__(self, kid: str) -> Key:
        """The key named *kid*."""
        return self._keys[kid]

    def __iter__(self) -> Iterator[str]:
        """Names in the order of registration."""
        return iter(self._keys)

    def __len__(self) -> int:
        """How many keys were ever registered."""
        return len(self._keys)

    def active(self, kid: str) -> Key | None:
        """The key named *kid* if it may sign now."""
        key = self._keys.get(kid)
        return key if key is not None and key.is_active else None

    def of(self, owner: str) -> tuple[Key, ...]:
        """All keys *owner* ever had, in the order of registration."""
        return tuple(key for key in self._keys.values() if key.owner == owner)

    def is_free(self, kid: str, spki: str) -> bool:
        """Whether both the name and the material are new, so that they may be registered."""
        return kid not in self._keys and spki not in self._material

    def with_key(
        self, *, kid: str, owner: str, alg: Algorithm | str, spki: str, registered_by: str
    ) -> KeyRing:
        """Register a key; *registered_by* is the kid that signed it (its own for the first)."""
        if kid in self._keys:
            raise KeyUsedError(kid, "name")
        if spki in self._material:
            raise KeyUsedError(kid, "material")
        key = Key(kid, owner, Algorithm(alg), spki, registered_by)
        return KeyRing({**self._keys, kid: key}, self._material | {spki})

    def rotated(
        self,
        kid: str,
        *,
        new_kid: str,
        alg: Algorithm | str,
        spki: str,
        ends: tuple[ChainEnd, ...] = (),
    ) -> KeyRing:
        """Retire *kid* and register the key it handed over to, for the same owner."""
        old = self._keys[kid]
        retired = replace(old, status=KeyStatus.RETIRED, replaced_by=new_kid, ends=ends)
        return self._changed(retired).with_key(
            kid=new_kid, owner=old.owner, alg=alg, spki=spki, registered_by=kid
        )

    def revoked(
        self,
        kid: str,
        *,
        revoked_by: str,
        suspect_from: date | None = None,
        ends: tuple[ChainEnd, ...] = (),
    ) -> KeyRing:
        """End *kid*; *revoked_by* is the kid that signed it. A retired key may be revoked too."""
        old = self._keys[kid]
        return self._changed(
            replace(
                old,
                status=KeyStatus.REVOKED,
                revoked_by=revoked_by,
                suspect_from=suspect_from,
                ends=ends or old.ends,
            )
        )

    def _changed(self, key: Key) -> KeyRing:
        return KeyRing({**self._keys, key.kid: key}, self._material)
