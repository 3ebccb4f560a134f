"""``thidua ballot credential|cast|challenge|check|export``: a voter of a secret ballot, with a client of its own."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thidua.cli import ballot_checks, ballot_export
from thidua.cli.answers import (
    AsJson,
    KeyFile,
    Kid,
    Origin,
    OutboxFolder,
    Source,
    Url,
    Wait,
    note,
    show,
)
from thidua.cli.custody import (
    Archive,
    BallotName,
    Custody,
    Cycle,
    KeyStore,
    PassphraseFile,
    PolicyFile,
    Where,
    ask_passphrase,
    at_desk,
    election_words,
    finish,
    publish,
    read_document,
    read_log,
)
from thidua.cli.keys import write_new
from thidua.contracts import secret_ballots as s
from thidua.custody.choosing import MarksError, choices_of, secrecy_of
from thidua.custody.recount import check_fixed, check_roll
from thidua.errors import RejectError
from thidua.outbox import State
from thidua.voting.canonical import hex_hash
from thidua.voting.group import BELENIOS_2048 as GROUP

if TYPE_CHECKING:
    from thidua.custody.told import Told
    from thidua.sending import PublisherClient
    from thidua.voting.election import Election

app = typer.Typer(help="Bỏ phiếu kín. / Vote in a secret ballot.", no_args_is_help=True)
app.command("challenge")(ballot_checks.challenge)
app.command("check")(ballot_checks.check)
app.command("export")(ballot_export.export)


class NotOpenError(RejectError):
    """The ballot takes no such thing at this point."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(f"{vi} / {en}")

    def diagnostics(self) -> str:
        """Say that the copy may be old."""
        return "Nếu sổ vừa thay đổi, lấy bản kho lưu mới hơn. / If the log has just changed, read a newer copy."


@app.command("credential")
def credential(
    cycle: Cycle,
    ballot: BallotName,
    *,
    paper: Annotated[
        Path | None,
        typer.Option(help="New file with the secret credential: print it, seal it, delete it."),
    ] = None,
    passphrase_file: PassphraseFile = None,
    key_store: KeyStore = None,
    archive: Archive = None,
    policy: PolicyFile = None,
    custody: Custody = None,
    key_file: KeyFile = None,
    kid: Kid = None,
    source: Source = None,
    origin: Origin = None,
    url: Url = None,
    outbox: OutboxFolder = None,
    wait: Wait = 10,
    as_json: AsJson = False,
) -> None:
    """
    Tạo mã bỏ phiếu và đăng ký phần công khai. / Make the voting credential and register its public half.

    Before the ballot opens. The secret half stays here under a passphrase and nobody else has it; ``--paper`` writes
    it out once more, for a sealed envelope.
    """
    settings = Where(
        key_file, kid, source, origin, url, outbox, archive, policy, custody, key_store
    ).settings()
    unit = settings.need("source").removeprefix("/units/")
    read = read_log(settings, cycle)
    told = read.ballots.named(ballot)
    if told.opened is not None:
        raise NotOpenError(
            "đã mở bỏ phiếu, danh sách không thay đổi được",
            "the ballot is open and its roll stands",
        )
    with at_desk(settings, told) as desk:
        new = desk.record.registration is None
        passphrase = ask_passphrase(settings, desk.folder, passphrase_file, new=new)
        made = desk.make(GROUP, told.draft.uuid, unit, passphrase, secrets.randbelow)
        if paper is not None:
            write_new(paper, f"{desk.credential_text(passphrase)}\n".encode())
    said = s.CredentialRegistered(
        ballot=ballot,
        credential=made["credential"],
        proof=s.Proof(challenge=made["challenge"], response=made["response"]),
    )
    name = f"credential:{told.draft.uuid}:{hex_hash(made['credential'])[:16]}"
    item = publish(settings.client(wait=wait), cycle, said, name)
    finish(item, as_json=as_json, uuid=told.draft.uuid)


@app.command("cast")
def cast(
    cycle: Cycle,
    ballot: BallotName,
    tracker: Annotated[
        str | None,
        typer.Argument(help="Of a ballot prepared before, to cast that; a new one otherwise."),
    ] = None,
    *,
    choices: Annotated[
        Path | None,
        typer.Option(help='File such as {"LCA": "yes", "HGI": "none"}; asked for otherwise.'),
    ] = None,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Only prepare it and show the tracker.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Cast without asking whether to test it first.")
    ] = False,
    passphrase_file: PassphraseFile = None,
    key_store: KeyStore = None,
    archive: Archive = None,
    policy: PolicyFile = None,
    custody: Custody = None,
    key_file: KeyFile = None,
    kid: Kid = None,
    source: Source = None,
    origin: Origin = None,
    url: Url = None,
    outbox: OutboxFolder = None,
    wait: Wait = 10,
    as_json: AsJson = False,
) -> None:
    """
    Lập phiếu, cho xem mã tra cứu, rồi gửi hoặc mở ra kiểm tra. / Prepare a ballot, show its tracker, cast it or test it.

    With a TRACKER the prepared ballot of that tracker is cast. Note the tracker down before you decide: whether the
    client is honest shows only when it could not know which ballots are tested.
    """
    settings = Where(
        key_file, kid, source, origin, url, outbox, archive, policy, custody, key_store
    ).settings()
    read = read_log(settings, cycle)
    told = read.ballots.named(ballot)
    keys = read.ballots.keys_for(told)
    election, _ = check_fixed(told, keys)
    roll = check_roll(told, election)
    if told.closed or told.void is not None:
        raise NotOpenError("đã đóng bỏ phiếu", "the ballot is closed")
    unit = settings.need("source").removeprefix("/units/")
    with at_desk(settings, told) as desk:
        desk.of_roll(roll.get(unit))
        if tracker is None:
            for line in (*election_words(told, election), secrecy_of(election)):
                note(line)
            marks = _asked(told, election) if choices is None else _marks(choices)
            chosen = choices_of(told.draft, election, marks)
            passphrase = ask_passphrase(settings, desk.folder, passphrase_file, new=False)
            tracker = desk.prepare(election, chosen, passphrase, secrets.randbelow)
            note(f"Mã tra cứu / tracker\t{tracker}")
            if prepare or not (yes or _decided()):
                show(
                    {"tracker": tracker, "cast": False},
                    [
                        f"Đã lập, chưa gửi / prepared, not cast\t{tracker}",
                        "Gửi: thidua ballot cast … MÃ; kiểm tra: thidua ballot challenge … MÃ / cast it, or challenge it",
                    ],
                    as_json=as_json,
                )
                return
        text = desk.cast(tracker)
        sequence = _sequence(settings.client(), told, unit, tracker)
        said = s.SecretVoteCast(ballot=ballot, vote=text, tracker=tracker, sequence=sequence)
        name = f"vote:{told.draft.uuid}:{hex_hash(text)[:16]}"
        item = publish(settings.client(wait=wait), cycle, said, name)
    finish(
        item,
        [f"Mã tra cứu / tracker\t{tracker}"],
        as_json=as_json,
        tracker=tracker,
        sequence=sequence,
    )


def _marks(path: Path) -> dict[str, str]:
    return {name: str(mark) for name, mark in read_document(path).items()}


def _asked(told: Told, election: Election) -> dict[str, str]:
    """What whoever sits there chooses, nominee by nominee; nothing of it stays on the screen's history of commands."""
    draft = told.draft
    if draft.form == "each":
        names = [question.text for question in election.questions]
        words = "đồng ý (d), không (k), không ý kiến (Enter) / yes (d), no (k), none"
    else:
        names = list(election.questions[0].answers)
        words = "chọn (d), không chọn (Enter) / mark (d), or not"
    said = {"d": "yes", "đ": "yes", "k": "no", "": "none"}
    marks = {}
    for nominee, name in zip(draft.nominees, names, strict=True):
        answer = typer.prompt(f"{name}: {words}", default="", show_default=False, err=True)
        if answer.strip().lower() not in said:
            raise MarksError("d | k | Enter")
        marks[nominee] = said[answer.strip().lower()]
    return marks


def _decided() -> bool:
    """Whether the voter casts the ballot whose tracker was shown."""
    words = "Gửi phiếu này? (không: có thể mở ra kiểm tra) / cast it? (no: it can be challenged)"
    return typer.confirm(words, default=False, err=True)


def _sequence(client: PublisherClient, told: Told, unit: str, tracker: str) -> int:
    """Which vote of this unit it is: after those in the log, and those that the outbox knows were recorded since."""
    in_log = {vote.tracker for vote in told.votes if vote.unit == unit}
    sent = {
        item.data["tracker"]
        for item in client.outbox.items
        if item.type == s.SecretVoteCast.TYPE
        and item.state is State.RECORDED
        and item.subject == told.subject
        and item.data["ballot"] == told.draft.ballot
    }
    return len((in_log | sent) - {tracker}) + 1
