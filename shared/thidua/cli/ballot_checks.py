"""``thidua ballot challenge|check``: whether the client encrypted what was chosen, and whether the box has the ballot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thidua.cli.answers import (
    AsJson,
    Exit,
    KeyFile,
    Kid,
    Origin,
    OutboxFolder,
    Source,
    Url,
    Wait,
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
    SecretFileError,
    Tracker,
    Where,
    ask_passphrase,
    at_desk,
    finish,
    publish,
    read_log,
)
from thidua.cli.keys import write_new
from thidua.cli.receipts import token_in
from thidua.contracts import secret_ballots as s
from thidua.custody.choosing import WORDS, marks_in
from thidua.custody.recount import check_fixed, check_roll
from thidua.custody.voter import BallotCastError, NothingPreparedError
from thidua.errors import RejectError, RetryError
from thidua.log.entry import read_entry
from thidua.receipts import check_receipt, door_key, parse_receipt
from thidua.voting.ballots import check_ballot, read_ballot
from thidua.voting.canonical import hex_hash, integer, items, members, parse, string
from thidua.voting.challenge import check_challenge
from thidua.voting.faults import BallotFaultError

if TYPE_CHECKING:
    from thidua.audit.held import HeldFolder
    from thidua.custody.told import Told
    from thidua.receipts import Receipt
    from thidua.voting.election import Election
    from thidua.voting.questions import Choice

MOST_FILE = 500_000


class OthersVoteError(RejectError):
    """Only the unit whose vote it is says that it has found it."""

    def __init__(self, unit: str) -> None:
        super().__init__(
            f"phiếu của {unit}: chỉ đơn vị đó xác nhận / it is the vote of {unit}, which alone confirms it"
        )


class ReceiptAheadError(RetryError):
    """The receipt is for a later position than the copy of the archive goes."""

    def __init__(self, receipt: Receipt, size: int) -> None:
        super().__init__(
            f"biên nhận ở vị trí {receipt.position}, bản kho lưu mới đến {size} / the copy ends before the receipt"
        )

    def diagnostics(self) -> str:
        """Say that the copy is old."""
        return "Lấy bản kho lưu mới hơn rồi kiểm lại. / Get a newer copy of the archive, and check again."


def challenge(
    cycle: Cycle,
    ballot: BallotName,
    tracker: Tracker = None,
    *,
    to: Annotated[Path, typer.Option(help="New file for another device to check.")],
    passphrase_file: PassphraseFile = None,
    key_store: KeyStore = None,
    archive: Archive = None,
    policy: PolicyFile = None,
    custody: Custody = None,
    source: Source = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    """
    Mở phiếu đã lập để kiểm tra máy; phiếu này không bao giờ được gửi. / Open a prepared ballot to test the client.

    It is never cast. On another device: ``thidua ballot check CYCLE BALLOT --challenge FILE``.
    """
    settings = Where(
        source=source,
        origin=origin,
        archive=archive,
        policy=policy,
        custody=custody,
        key_store=key_store,
    ).settings()
    if to.exists():
        raise SecretFileError(to, "đã có, không ghi đè / exists and is not overwritten")
    told = read_log(settings, cycle).ballots.named(ballot)
    with at_desk(settings, told) as desk:
        named = tracker or desk.record.tracker
        if named is None:
            raise NothingPreparedError
        if desk.record.tracker == named and desk.record.fate == "cast":
            raise BallotCastError(named)
        passphrase = ask_passphrase(settings, desk.folder, passphrase_file, new=False)
        shown = desk.open(named, passphrase)
    document = {
        "election": "" if told.fixed is None else told.fixed.election,
        "ballot": shown.ballot,
        "choices": [list(choice) for choice in shown.choices],
        "seed": shown.seed.hex(),
    }
    write_new(to, f"{json.dumps(document, ensure_ascii=False)}\n".encode())
    show(
        {"tracker": named, "file": str(to)},
        [f"Đã mở, không gửi nữa / opened, never to be cast\t{named}\t{to}"],
        as_json=as_json,
    )


def check(
    cycle: Cycle,
    ballot: BallotName,
    tracker: Tracker = None,
    *,
    challenge: Annotated[
        Path | None, typer.Option(help="The file of a challenged ballot, from another device.")
    ] = None,
    receipt: Annotated[
        Path | None,
        typer.Option(
            help="The vote's signed receipt: is the very entry there that the door promised?"
        ),
    ] = None,
    confirm: Annotated[
        bool,
        typer.Option(
            "--confirm", help="Then publish that your unit found its own vote in the box."
        ),
    ] = False,
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
    Tìm phiếu của mình trong hòm, hoặc kiểm phiếu thử của máy khác. / Find a ballot in the box, or check a challenge.

    Exit 0: it is there and holds (``counts`` says whether a later one replaced it); 5: it is not there; 4: a proof says
    no. With ``--receipt`` it is the vote that the door signed for, and 4 when the log does not hold it where it must. With ``--challenge``: the ballot holds exactly the choices that are printed; compare them with yours.
    """
    settings = Where(
        key_file, kid, source, origin, url, outbox, archive, policy, custody
    ).settings()
    read = read_log(settings, cycle)
    told = read.ballots.named(ballot)
    election, _ = check_fixed(told, read.ballots.keys_for(told))
    if challenge is not None:
        _check_challenge(told, election, challenge, as_json=as_json)
        return
    if receipt is not None:
        tracker = _promised(read.held, settings.values.get("origin"), receipt, tracker)
    if tracker is None:
        with at_desk(settings, told) as desk:
            if not desk.record.cast:
                raise NothingPreparedError
            tracker = desk.record.cast[-1]
    found = next((vote for vote in told.votes if vote.tracker == tracker), None)
    if found is None:
        show(
            {"tracker": tracker, "in_box": False},
            [f"KHÔNG có trong hòm phiếu / not in the box\t{tracker}"],
            as_json=as_json,
        )
        raise typer.Exit(Exit.NOT_FOUND)
    roll = check_roll(told, election)
    read_one = read_ballot(election, found.text)
    check_ballot(election, read_one)
    if read_one.tracker != tracker or roll.get(found.unit) != read_one.credential:
        raise BallotFaultError("ballot", f"the ballot of {found.unit}", "another")
    last = [vote for vote in told.votes if vote.unit == found.unit][-1]
    counts = last.tracker == tracker and told.void is None
    state = "được tính / counts" if counts else "đã thay bằng phiếu sau / replaced by a later one"
    document = {
        "tracker": tracker,
        "in_box": True,
        "unit": found.unit,
        "sequence": found.sequence,
        "counts": counts,
        "size": read.held.size,
    }
    lines = [
        f"Có trong hòm phiếu / in the box\t{tracker}",
        f"{found.unit}\tlần / vote {found.sequence}\t{state}\t{found.hash}",
    ]
    if not confirm:
        show({**document, "event": found.hash}, lines, as_json=as_json)
        return
    if found.unit != settings.need("source").removeprefix("/units/"):
        raise OthersVoteError(found.unit)
    said = s.TrackerChecked(ballot=ballot, tracker=tracker)
    name = f"checked:{told.draft.uuid}:{hex_hash(tracker)[:16]}"
    item = publish(settings.client(wait=wait), cycle, said, name)
    finish(item, lines, as_json=as_json, **document, vote=found.hash)


def _promised(held: HeldFolder, origin: str | None, path: Path, tracker: str | None) -> str:
    """
    The tracker that the signed receipt in a file names, when the log stands as that receipt promised.

    Raises SignatureError for a receipt that no key of the door in the log signed, BallotFaultError for one of
    another vote and where the log holds something else: then the receipt is evidence.
    """
    token = token_in(path)
    entries = (read_entry(position, raw) for position, raw in held.entries())
    key = door_key(entries, parse_receipt(token).jws.kid)
    found = check_receipt(token, key, origin=origin or held.policy.log.name)
    if found.tracker is None or found.tracker != (tracker or found.tracker):
        told = found.tracker or "no vote"
        raise BallotFaultError("receipt/tracker", tracker or "a vote's tracker", told)
    if found.position > held.size:
        raise ReceiptAheadError(found, held.size)
    [(position, raw)] = held.entries(found.position - 1, found.position)
    if not found.names(read_entry(position, raw)):
        raise BallotFaultError(
            f"position {position}", "the vote that the door signed for", "another"
        )
    return found.tracker


def _check_challenge(told: Told, election: Election, path: Path, *, as_json: bool) -> None:
    text, choices, seed = _challenged(path, election)
    marks = marks_in(told.draft, choices)
    check_challenge(election, text, choices, seed)
    tracker = read_ballot(election, text).tracker
    cast = any(vote.tracker == tracker for vote in told.votes)
    if cast:
        raise BallotCastError(tracker)
    show(
        {"tracker": tracker, "holds": True, "choices": marks},
        [
            f"Phiếu thử chứa đúng các lựa chọn sau / the ballot holds exactly these choices\t{tracker}",
            *(f"{nominee}\t{WORDS[mark]}" for nominee, mark in marks.items()),
        ],
        as_json=as_json,
    )


def _challenged(path: Path, election: Election) -> tuple[str, tuple[Choice, ...], bytes]:
    """Ballot, choices and seed of a challenge's file: this client's or the voting page's."""
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_FILE).decode()
    except OSError as error:
        raise SecretFileError(path, error.strerror or str(error)) from None
    except UnicodeDecodeError:
        raise SecretFileError(path, "UTF-8") from None
    read = members(parse(raw, "challenge"), "challenge", "election", "ballot", "choices", "seed")
    if read["election"] != election.text:
        raise BallotFaultError("challenge/election", election.fingerprint, "another election")
    choices = tuple(
        tuple(integer(one, f"challenge/choices/{at}", 0, 1) for one in items(choice, "choices"))
        for at, choice in enumerate(items(read["choices"], "challenge/choices"))
    )
    try:
        seed = bytes.fromhex(string(read["seed"], "challenge/seed"))
    except ValueError:
        raise BallotFaultError("challenge/seed", "hexadecimal digits", "other text") from None
    return string(read["ballot"], "challenge/ballot"), choices, seed
