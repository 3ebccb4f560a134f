"""
Whether entries were said by whom they name: signatures, keys by position, chains, arrival and audience.

Nothing is judged here. The archive holds every entry to this before it seals it; a verifier does so again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from thidua.contracts.envelope import EnvelopeError, FormError
from thidua.contracts.units import LogOpened
from thidua.errors import RejectError, StopError
from thidua.evolving import evolve_registry
from thidua.folding import registry_of, touched
from thidua.knowledge import ChainHead, Opened, id_key, judged_by, moment, open_jws
from thidua.signing import VerifyingKey, parse_jws, parse_payload
from thidua.standing import Key, Registry

if TYPE_CHECKING:
    from thidua.log.entry import Entry
    from thidua.signing import ParsedJws


class NotAuthenticError(StopError):
    """
    An entry was not said by whom it names, or something before it is missing.

    ``what`` is in Vietnamese and English; ``check`` names the rule: ``signature``, ``key``, ``chain``, ``arrival``,
    ``audience``, ``id`` or ``form``.
    """

    def __init__(self, position: int, check: str, what: str) -> None:
        super().__init__(f"position {position}: {what}")
        self.position = position
        self.check = check
        self.what = what


class Authenticity:
    """
    Takes a log's entries in order and knows each key's chain and validity at every position.

    *root_spki* is the root key as it was got from outside; without it the first entry is believed about its key.
    With *one_reading* a payload must also have one reading only, as the door saw to.
    """

    def __init__(
        self, origin: str, root_spki: str | None = None, *, one_reading: bool = False
    ) -> None:
        self.origin = origin
        self.root_spki = root_spki
        self.one_reading = one_reading
        self.position = 0
        self.signatures = 0
        self._registries: dict[str, Registry] = {}
        self._keys_in: dict[str, str] = {}
        self._heads: dict[tuple[str, str], ChainHead] = {}
        self._arrivals: dict[str, int] = {}
        self.seen: dict[tuple[int, str], int] = {}
        """Checkpoints that publishers named as seen (size, root), and the first position that did."""
        self._ids: set[int] = set()
        self._sandbox = origin.startswith("sandbox/")

    def take(self, entry: Entry, *, signatures: bool = True) -> Opened | None:
        """
        Hold the next entry to everything that is checked here; raises :class:`NotAuthenticError`.

        Gives the event, ``None`` for one that was refused for its form. Without *signatures* the one costly check
        is left out, for entries whose signature is checked elsewhere.
        """
        if entry.position != self.position + 1:
            self._fail(entry, "chain", f"không phải mục sau {self.position} / not the entry after")
        service = judged_by(entry)
        if entry.said is not None:
            said = entry.said
            self._link(entry, service, said["kid"], said["seq"], said["prev"], said["hash"])
            self._arrived(entry, service, said["subject"])
            self.position = entry.position
            return None
        parsed = self._parsed(entry)
        opened = self._opened(entry, parsed)
        self._keyed(entry, parsed, opened, signatures=signatures)
        envelope = opened.envelope
        self._link(entry, service, parsed.kid, envelope.seq, envelope.prev, parsed.hash)
        self._arrived(entry, service, envelope.subject)
        if envelope.seen is not None:
            self.seen.setdefault((envelope.seen.size, envelope.seen.root), entry.position)
        if entry.is_recorded:
            known = len(self._ids)
            self._ids.add(_id_of(opened))
            if len(self._ids) == known:
                self._fail(entry, "id", f"mã đã dùng / id {envelope.id} was used before")
            self._register(opened)
        self.position = entry.position
        return opened

    def is_used(self, opened: Opened) -> bool:
        """Whether a recorded event of the same source has the same id."""
        return _id_of(opened) in self._ids

    def head(self, service: str, kid: str) -> ChainHead:
        """The last link of a key's chain with a service."""
        return self._heads.get((service, kid), _NONE_YET)

    def key(self, kid: str) -> Key | None:
        """The key registered under a name by now."""
        registry = self._registries.get(self._keys_in.get(kid, ""))
        return None if registry is None else registry.keys.get(kid)

    def registries(self) -> dict[str, Registry]:
        """The registries by now, by authority."""
        return dict(self._registries)

    def _parsed(self, entry: Entry) -> ParsedJws:
        try:
            parsed = parse_jws(entry.jws or b"")
            if self.one_reading:
                parse_payload(parsed.payload)
        except RejectError as error:
            raise NotAuthenticError(entry.position, "form", str(error)) from None
        return parsed

    def _opened(self, entry: Entry, parsed: ParsedJws) -> Opened:
        try:
            opened = open_jws(parsed, moment(entry.rx_ms))
        except (EnvelopeError, FormError) as error:
            raise NotAuthenticError(entry.position, "form", str(error)) from None
        if opened.envelope.aud != self.origin:
            self._fail(entry, "audience", f"gửi cho sổ khác / is for {opened.envelope.aud}")
        return opened

    def _keyed(self, entry: Entry, parsed: ParsedJws, opened: Opened, *, signatures: bool) -> None:
        event = opened.event
        if entry.position == 1:
            key = self._root(entry, opened)
        else:
            found = self.key(event.kid)
            if found is None or found.status != "active":
                self._fail(
                    entry, "key", f"khóa không hiệu lực ở đây / {event.kid} signs nothing here"
                )
            key = found
        if key.owner != event.source:
            self._fail(
                entry, "key", f"{event.kid} thuộc / belongs to {key.owner}, not {event.source}"
            )
        if signatures:
            try:
                parsed.verify(VerifyingKey.from_spki(key.spki, key.alg))
            except RejectError as error:
                raise NotAuthenticError(entry.position, "signature", str(error)) from None
            self.signatures += 1

    def _root(self, entry: Entry, opened: Opened) -> Key:
        data = opened.event.data
        if not isinstance(data, LogOpened) or data.origin != self.origin:
            self._fail(entry, "key", f"không mở sổ / does not open {self.origin}")
        if self.root_spki is not None and data.root_spki != self.root_spki:
            self._fail(
                entry, "key", "khóa gốc khác khóa đã biết / another root key than the one given"
            )
        return Key(data.root_kid, opened.event.source, data.root_alg, data.root_spki)

    def _link(
        self, entry: Entry, service: str, kid: str, seq: int, prev: str, event_hash: str
    ) -> None:
        head = self.head(service, kid)
        if (seq, prev) != (head.seq + 1, head.hash):
            self._fail(
                entry, "chain", f"{kid}: số {seq} sau số {head.seq} / says {seq} after {head.seq}"
            )
        self._heads[service, kid] = ChainHead(seq, event_hash)

    def _arrived(self, entry: Entry, service: str, subject: str) -> None:
        """Arrival never goes back: within a service's inbox, in a sandbox within a subject of it."""
        within = f"{service} {subject}" if self._sandbox else service
        if entry.rx_ms < self._arrivals.get(within, 0):
            self._fail(entry, "arrival", f"đến trước mục trước / arrived before what {within} has")
        self._arrivals[within] = entry.rx_ms

    def _register(self, opened: Opened) -> None:
        event = opened.event
        for subject in touched(event):
            if "/" not in subject:
                before = self._registries.get(subject, Registry(registry_of(subject)))
                registry = self._registries[subject] = evolve_registry(before, event)
                for kid in registry.keys.keys() - before.keys.keys():
                    self._keys_in[kid] = subject

    def _fail(self, entry: Entry, check: str, what: str) -> NoReturn:
        raise NotAuthenticError(entry.position, check, what)


_NONE_YET: Final = ChainHead()


def _id_of(opened: Opened) -> int:
    # 76 bits, as the log itself keeps them: a number is smaller than its text.
    return int(id_key(opened.event.source, opened.event.id), 16)
