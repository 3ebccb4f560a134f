"""A trustee at work: the log it has read, its place in the draft, and its desk, held while a command runs."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from thidua.cli import custody
from thidua.cli.custody import Read, Where, read_log
from thidua.custody.following import root_at
from thidua.custody.trustee import TrusteeDesk
from thidua.errors import RejectError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thidua.custody.told import Told
    from thidua.identity import Identity
    from thidua.voting.rounds import Place

Office = Annotated[
    str | None, typer.Option(help="Which of its offices, where one source holds several shares.")
]


class NotATrusteeError(RejectError):
    """The draft names no such trustee, or several of this source."""

    def __init__(self, source: str, offices: list[str]) -> None:
        told = ", ".join(offices) or "–"
        super().__init__(
            f"{source}: không phải một người giữ khóa của cuộc này / is not one trustee of this ballot: {told}"
        )

    def diagnostics(self) -> str:
        """Name the option."""
        return "Nếu giữ nhiều phần khóa, nêu --office. / Where one source holds several shares, name --office."


@dataclass(slots=True)
class Seat:
    """A trustee at work: its settings, the log it has read, its place and its desk."""

    settings: Identity
    read: Read
    told: Told
    keys: Told
    place: Place
    desk: TrusteeDesk

    def look(self) -> None:
        """Hold the log to what was seen before: it must go on from there."""
        held = self.read.held
        self.desk.continues(held.size, lambda size: root_at(held, size))

    def note(self) -> None:
        """Keep the log that was read as the one that was seen; what it says has held."""
        held = self.read.held
        self.desk.see(held.size, root_at(held, held.size))

    def event_name(self, what: str) -> str:
        """The beginning of an event's id."""
        return f"{what}:{self.told.draft.uuid}:{self.place.owner}"


def _place(keys: Told, source: str, office: str | None) -> Place:
    holders = [holder for group in keys.draft.trustees for holder in group.holders]
    found = [
        (place, holder.office)
        for place, holder in zip(keys.places, holders, strict=True)
        if place.source == source and office in (None, holder.office)
    ]
    if len(found) != 1:
        raise NotATrusteeError(source, [name for _, name in found])
    return found[0][0]


@contextmanager
def seated(where: Where, cycle: str, ballot: str, office: str | None) -> Iterator[Seat]:
    """The seat that the settings and *office* name, for as long as the command runs."""
    settings = where.settings()
    source = settings.need("source")
    read = read_log(settings, cycle, judged=True)
    told = read.ballots.named(ballot)
    keys = read.ballots.keys_for(told)
    place = _place(keys, source, office)
    folder = settings.custody_folder / keys.draft.uuid / f"trustee-{place.owner}"
    desk = TrusteeDesk(folder, secrets.token_bytes, custody.COST)
    with desk.alone():
        seat = Seat(settings, read, told, keys, place, desk)
        seat.look()
        read.warn()
        yield seat
