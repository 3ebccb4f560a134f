"""A scenario played by the pure judges alone, without a process: a whole signed log in a second or two."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from services.founding import CHECKPOINT_KEY, kept_key
from services.player import Player
from services.reporting.archive import Archive
from services.reporting.checking import fingerprints_at
from services.reporting.publishing import publish
from services.sandbox import JUDGES, founded
from services.scenarios.format import read_scenario
from thidua.audit.authentic import Authenticity
from thidua.clock import to_ms
from thidua.contracts.envelope import read_envelope
from thidua.contracts.registry import service_of
from thidua.drafting import Drafting, InboxItem, Signer, read_item
from thidua.genesis import first_entries
from thidua.knowledge import ChainHead, Knowledge
from thidua.log.entry import read_entry
from thidua.publishing import Reply
from thidua.signing import Algorithm, parse_jws
from thidua.tlog.notes import NoteSigner
from thidua.tlog.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from thidua.deciding import Judge
    from thidua.genesis import Founding


class PureDoor:
    """What a player needs of a door, over the judges themselves."""

    def __init__(self, founding: Founding) -> None:
        judges: tuple[Judge[Any], ...] = JUDGES
        self.raw: list[bytes] = []
        self._drafting = {
            judge.service: Drafting(
                Knowledge(judge),
                Signer(judge.service, founding.origin, founding.services[judge.service]),
            )
            for judge in judges
        }
        self._append([entry.raw for entry in first_entries(founding)[0]])

    def status(self) -> dict[str, Any]:
        """Nobody is ever behind."""
        return {"quiet": True}

    def head(self, kid: str, service: str) -> ChainHead:
        """Where a key's chain stands."""
        return self._drafting[service].knowledge.chain(kid).head

    def send(self, jws: str, *, arrival: datetime) -> Reply:
        """Judge one event, after all that falls due before it."""
        rx_ms = to_ms(arrival)
        self._settle(rx_ms)
        parsed = parse_jws(jws)
        envelope = read_envelope(parsed.payload)
        drafting = self._drafting[service_of(envelope.type) or ""]
        draft = drafting.draft([read_item(InboxItem("1-0", rx_ms, jws.encode()))])
        assert not draft.answers, draft.answers
        told = next(entry.new for entry in draft.entries if entry.hash == parsed.hash).receipt
        assert told is not None
        self._append([entry.new.raw for entry in draft.entries])
        self._wake_all(rx_ms)
        document = {"outcome": told.outcome, "position": 1, "code": told.code}
        return Reply(202, {key: value for key, value in document.items() if value is not None})

    def _settle(self, until: int) -> None:
        """Fire every deadline before *until* at its own moment."""
        while True:
            alarms = [
                (to_ms(at), subject, service)
                for service, drafting in self._drafting.items()
                for subject in self._subjects()
                if (at := drafting.judge.alarm(drafting.knowledge.fold.view(), subject))
            ]
            due = min((one for one in alarms if one[0] <= until), default=None)
            if due is None or not self._wake(due[2], due[1], due[0]):
                return
            self._wake_all(due[0])

    def _wake_all(self, rx_ms: int) -> None:
        while any(
            self._wake(service, subject, rx_ms)
            for service in self._drafting
            for subject in self._subjects()
        ):
            pass

    def _wake(self, service: str, subject: str, rx_ms: int) -> bool:
        item = read_item(InboxItem("1-0", rx_ms, wake=subject))
        entries = [entry.new.raw for entry in self._drafting[service].draft([item]).entries]
        self._append(entries)
        return bool(entries)

    def _subjects(self) -> list[str]:
        return sorted(self._drafting["units"].knowledge.fold.subjects())

    def _append(self, raw: Sequence[bytes]) -> None:
        for one in raw:
            self.raw.append(one)
            entry = read_entry(len(self.raw), one)
            for drafting in self._drafting.values():
                drafting.knowledge.take(entry)


@cache
def played(scenario: Path, folder: Path) -> tuple[Founding, list[tuple[int, bytes]]]:
    """The founding and the log of a scenario; keys are made under *folder*."""
    read = read_scenario(scenario)
    founding = founded(read, folder)
    door: Any = PureDoor(founding)
    Player(read, door, founding.root, founding.root_kid).play()
    return founding, list(enumerate(door.raw, 1))


def sealed(
    founding: Founding, raw: list[tuple[int, bytes]], keys: Path, folder: Path
) -> tuple[Path, Policy, NoteSigner]:
    """The archive of a played log under *folder*, its figures published; the policy for it, and the log's own key."""
    signer = NoteSigner(founding.origin, kept_key(keys / "keys" / CHECKPOINT_KEY, Algorithm.EDDSA))
    archive = Archive(folder, signer, lambda: Authenticity(founding.origin))
    archive.start()
    archive.seal(raw)
    prints = fingerprints_at(lambda after, most: raw[after : after + most], len(raw))
    publish(archive, len(raw), prints)
    archive.stop()
    policy = Policy(signer.public, root_spki=founding.root.verifying_key.spki)
    return archive.public, policy, signer
