"""Secret ballots: set-up, credentials, the box by tracker, the trustees' part. Never a choice: the log has none."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from services.reporting.columns import (
    bound,
    document,
    event_hash,
    flag,
    number,
    position,
    read_model,
    text,
)
from services.reporting.projected import as_text
from services.reporting.projection import Projection
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.voting.rounds import places

if TYPE_CHECKING:
    from services.reporting.projected import ProjectedEntry
    from services.reporting.rows import Row, Rows

elections = read_model(
    "elections",
    text("cycle", key=True),
    text("ballot", key=True),
    text("state"),
    bound(text("uuid")),
    text("about"),
    document("nominees"),
    text("form"),
    text("previous"),
    event_hash("drafted_by"),
    document("trustees_wanted"),
    text("keys_of"),
    number("min_ballots"),
    number("decrypt_hours"),
    number("complaint_days"),
    bound(text("fingerprint")),
    bound(text("election_text")),
    document("roll"),
    text("closes"),
    number("box_opened"),
    number("counted"),
    bound(text("encrypted_sum")),
    document("sums"),
    text("void_reason"),
    position(),
)
credentials = read_model(
    "credentials",
    text("cycle", key=True),
    text("ballot", key=True),
    text("unit", key=True),
    bound(text("credential")),
    text("rx"),
    position(),
)
secret_votes = read_model(
    "secret_votes",
    text("cycle", key=True),
    text("ballot", key=True),
    text("unit", key=True),
    number("sequence", key=True),
    bound(text("tracker", index=True)),
    flag("checked"),
    text("rx"),
    event_hash(),
    position(),
)
key_shares = read_model(
    "key_shares",
    text("cycle", key=True),
    text("ballot", key=True),
    number("trustee", key=True),
    text("source"),
    text("office"),
    bound(document("committed")),
    bound(document("shared_out")),
    bound(document("key_published")),
    bound(document("key_confirmed")),
    flag("drilled"),
    bound(text("decryption")),
    flag("destroyed"),
)

SECRET_BALLOTS = Projection("secret-ballots", 1, elections, credentials, secret_votes, key_shares)


@SECRET_BALLOTS.on(s.ElectionDrafted)
def _drafted(entry: ProjectedEntry, data: s.ElectionDrafted, rows: Rows) -> None:
    rows.put(
        elections,
        cycle=entry.subject,
        ballot=data.ballot,
        state="drafted",
        uuid=data.uuid,
        about=data.about,
        nominees=list(data.nominees),
        form=data.form,
        previous=data.previous,
        drafted_by=entry.hash,
        trustees_wanted=[group.model_dump(mode="json") for group in data.trustees],
        keys_of=data.keys_of,
        min_ballots=data.min_ballots,
        decrypt_hours=data.decrypt_hours,
        complaint_days=data.complaint_days,
        position=entry.position,
    )
    offices = [holder.office for group in data.trustees for holder in group.holders]
    for seat, office in zip(places(data.trustees), offices, strict=True):
        rows.put(
            key_shares,
            cycle=entry.subject,
            ballot=data.ballot,
            trustee=seat.owner,
            source=seat.source,
            office=office,
            drilled=False,
            destroyed=False,
        )


@SECRET_BALLOTS.on(s.TrusteeCommitted)
def _committed(entry: ProjectedEntry, data: s.TrusteeCommitted, rows: Rows) -> None:
    _of_trustee(entry, data, rows, "committed", "certificate", "coefexps")


@SECRET_BALLOTS.on(s.TrusteePublished)
def _published(entry: ProjectedEntry, data: s.TrusteePublished, rows: Rows) -> None:
    _of_trustee(entry, data, rows, "key_published", "certificate", "coefexps")


@SECRET_BALLOTS.on(s.TrusteeSharesSealed)
def _sealed(entry: ProjectedEntry, data: s.TrusteeSharesSealed, rows: Rows) -> None:
    _of_trustee(entry, data, rows, "shared_out", "approval", "shares")


@SECRET_BALLOTS.on(s.TrusteeKeyConfirmed)
def _confirmed(entry: ProjectedEntry, data: s.TrusteeKeyConfirmed, rows: Rows) -> None:
    _of_trustee(entry, data, rows, "key_confirmed", "public_key", "proof", "signature")


@SECRET_BALLOTS.on(s.ElectionFixed)
def _fixed(entry: ProjectedEntry, data: s.ElectionFixed, rows: Rows) -> None:
    rows.change(
        elections,
        entry.subject,
        data.ballot,
        state="fixed",
        fingerprint=data.fingerprint,
        election_text=data.election,
    )


@SECRET_BALLOTS.on(s.TrusteeDrillPassed)
def _drilled(entry: ProjectedEntry, data: s.TrusteeDrillPassed, rows: Rows) -> None:
    rows.change(key_shares, entry.subject, data.ballot, data.owner, drilled=True)


@SECRET_BALLOTS.on(s.CredentialRegistered)
def _registered(entry: ProjectedEntry, data: s.CredentialRegistered, rows: Rows) -> None:
    rows.put(
        credentials,
        cycle=entry.subject,
        ballot=data.ballot,
        unit=entry.unit or entry.source,
        credential=data.credential,
        rx=entry.rx,
        position=entry.position,
    )


@SECRET_BALLOTS.on(b.BallotOpened, fills=False)
def _opening(entry: ProjectedEntry, data: b.BallotOpened, rows: Rows) -> None:
    if data.mode == "secret":
        rows.change(elections, entry.subject, data.ballot, closes=as_text(data.closes))


@SECRET_BALLOTS.on(b.RollFrozen, fills=False)
def _frozen(entry: ProjectedEntry, data: b.RollFrozen, rows: Rows) -> None:
    if _known(entry, data.ballot, rows):
        rows.change(elections, entry.subject, data.ballot, roll=list(data.roll))


@SECRET_BALLOTS.on(b.BallotExtended, fills=False)
def _extended(entry: ProjectedEntry, data: b.BallotExtended, rows: Rows) -> None:
    if _known(entry, data.ballot, rows):
        rows.change(elections, entry.subject, data.ballot, closes=as_text(data.closes))


@SECRET_BALLOTS.on(s.ElectionOpened)
def _opened(entry: ProjectedEntry, data: s.ElectionOpened, rows: Rows) -> None:
    rows.change(elections, entry.subject, data.ballot, state="open", box_opened=data.timestamp)


@SECRET_BALLOTS.on(s.SecretVoteCast)
def _cast(entry: ProjectedEntry, data: s.SecretVoteCast, rows: Rows) -> None:
    rows.put(
        secret_votes,
        cycle=entry.subject,
        ballot=data.ballot,
        unit=entry.unit or entry.source,
        sequence=data.sequence,
        tracker=data.tracker,
        checked=False,
        rx=entry.rx,
        hash=entry.hash,
        position=entry.position,
    )


@SECRET_BALLOTS.on(s.TrackerChecked)
def _checked(entry: ProjectedEntry, data: s.TrackerChecked, rows: Rows) -> None:
    unit = entry.unit or entry.source
    for sequence in count(1):
        vote = rows.get(secret_votes, entry.subject, data.ballot, unit, sequence)
        if vote is None:
            return
        if vote["tracker"] == data.tracker:
            rows.change(secret_votes, entry.subject, data.ballot, unit, sequence, checked=True)
            return


@SECRET_BALLOTS.on(s.TallyEncrypted)
def _added(entry: ProjectedEntry, data: s.TallyEncrypted, rows: Rows) -> None:
    rows.change(
        elections,
        entry.subject,
        data.ballot,
        state="closed",
        counted=data.counted,
        encrypted_sum=data.tally,
    )


@SECRET_BALLOTS.on(s.PartiallyDecrypted)
def _decrypted(entry: ProjectedEntry, data: s.PartiallyDecrypted, rows: Rows) -> None:
    rows.change(key_shares, entry.subject, data.ballot, data.owner, decryption=data.decryption)


@SECRET_BALLOTS.on(s.ResultPublished)
def _result(entry: ProjectedEntry, data: s.ResultPublished, rows: Rows) -> None:
    sums = [list(row) for row in data.result]
    rows.change(elections, entry.subject, data.ballot, state="counted", sums=sums)


@SECRET_BALLOTS.on(b.BallotVoided, fills=False)
def _voided(entry: ProjectedEntry, data: b.BallotVoided, rows: Rows) -> None:
    if _known(entry, data.ballot, rows):
        rows.change(elections, entry.subject, data.ballot, state="void", void_reason=data.reason)


@SECRET_BALLOTS.on(s.KeyShareDestroyed)
def _destroyed(entry: ProjectedEntry, data: s.KeyShareDestroyed, rows: Rows) -> None:
    rows.change(key_shares, entry.subject, data.ballot, data.owner, destroyed=True)


def _of_trustee(
    entry: ProjectedEntry, data: s.TrusteeEvent, rows: Rows, column: str, *names: str
) -> None:
    said = data.model_dump(mode="json", include=set(names))
    rows.change(key_shares, entry.subject, data.ballot, data.owner, **{column: said})


def _known(entry: ProjectedEntry, ballot: str, rows: Rows) -> Row | None:
    return rows.get(elections, entry.subject, ballot)
