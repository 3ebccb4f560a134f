"""What Redis keeps beside the log's entries, built again from them: each of it is a fold over the log."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from thidua.contracts.envelope import believe_envelope
from thidua.folding import touched
from thidua.genesis import BY as GENESIS
from thidua.knowledge import id_key, judged_by, recorded_event
from thidua.signing import parse_jws

if TYPE_CHECKING:
    from thidua.audit.authentic import Authenticity
    from thidua.log import Entry

MOST_RECEIPTS: Final = 1000


class Judged(NamedTuple):
    """A receipt as it stands on a publisher's stream."""

    hash: str
    position: int
    outcome: str
    code: str


@dataclass(slots=True)
class Kept:
    """
    Heads, chains, ids in use, clocks and receipts after ``position`` entries.

    What cannot be known from entries is not here: answers without an entry, the erasable bytes of events refused
    for their form, inboxes and publishers' own streams.
    """

    sandbox: bool
    position: int = 0
    heads: dict[str, int] = field(default_factory=dict)
    chains: dict[str, str] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    clock: dict[str, int] = field(default_factory=dict)
    receipts: dict[str, deque[Judged]] = field(default_factory=dict)

    def take(self, entry: Entry, authentic: Authenticity) -> None:
        """Take in the next entry, which *authentic* has taken before."""
        service = judged_by(entry)
        if entry.said is not None:
            kid, event_hash = str(entry.said["kid"]), str(entry.said["hash"])
            subject = str(entry.said["subject"])
        else:
            parsed = parse_jws(entry.jws or b"")
            kid, event_hash = parsed.kid, parsed.hash
            if entry.is_recorded:
                event = recorded_event(entry)
                subject = event.subject
                self.heads.update(dict.fromkeys(touched(event), entry.position))
                self.ids[id_key(event.source, event.id)] = entry.position
            else:
                subject = believe_envelope(parsed.payload).subject
        self.chains[f"{service}/{kid}"] = authentic.head(service, kid).text()
        within = subject if self.sandbox else service
        self.clock[within] = max(self.clock.get(within, 0), entry.rx_ms)
        self._receipt(entry, kid, event_hash, authentic)
        self.position = entry.position

    def _receipt(self, entry: Entry, kid: str, event_hash: str, authentic: Authenticity) -> None:
        key = authentic.key(kid)
        if key is None or key.owner.startswith("/services/") or entry.by == GENESIS:
            return
        publisher = key.owner.rsplit("/", 1)[-1]
        outcome = "recorded" if entry.refused is None else "refused"
        code = "" if entry.refused is None else str(entry.refused["code"])
        kept = self.receipts.setdefault(publisher, deque(maxlen=MOST_RECEIPTS))
        kept.append(Judged(event_hash, entry.position, outcome, code))

    def beyond(
        self, heads: dict[str, int], chains: dict[str, str], ids: dict[str, int]
    ) -> str | None:
        """The first of what Redis still keeps that these entries do not account for."""
        for subject, position in heads.items():
            if position > self.heads.get(subject, 0):
                return f"heads {subject}: {position}"
        for chain, text in chains.items():
            known = self.chains.get(chain, "0").partition(" ")[0]
            if int(text.partition(" ")[0]) > int(known):
                return f"chains {chain}: {text}"
        for used, position in ids.items():
            if self.ids.get(used) != position:
                return f"ids {used}: {position}"
        return None
