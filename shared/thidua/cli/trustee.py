"""``thidua trustee init|confirm|drill|decrypt|destroy``: one holder of a share of the key, who trusts no server."""

from __future__ import annotations

import secrets
import time
from typing import Annotated

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
    election_words,
    finish,
    publish,
    store_name,
)
from thidua.cli.seats import Office, seated
from thidua.contracts import secret_ballots as s
from thidua.custody.generating import OtherKeysError, drilled, next_step
from thidua.custody.key_store import forget_in_store
from thidua.custody.record import OtherElectionError
from thidua.custody.recount import check_fixed, recount
from thidua.errors import RejectError
from thidua.outbox import State
from thidua.voting.canonical import hex_hash
from thidua.voting.tally import read_partial_decryption

PAUSE = 3.0
"""Seconds between two looks at the log while the others are waited for."""
SHORTEST_PRINT = 16
"""Characters of a fingerprint that are compared by telephone: 96 bits."""
STATEMENT = (
    "Đã hủy phần khóa và mọi bản sao của nó. / The share and every copy of it are destroyed."
)

app = typer.Typer(
    help="Người giữ khóa của phiếu kín. / A trustee of a secret ballot.", no_args_is_help=True
)


class StillNeededError(RejectError):
    """A ballot that uses the key has neither a result nor been voided."""

    def __init__(self, ballots: list[str]) -> None:
        super().__init__(
            f"còn cần phần khóa cho / the share is still needed for: {', '.join(ballots)}"
        )

    def diagnostics(self) -> str:
        """Say when it is not."""
        return "Chỉ hủy sau khi có kết quả hoặc cuộc bỏ phiếu đã hủy. / Destroy it after the result, or once the ballot is void."


@app.command("init")
def init(
    cycle: Cycle,
    ballot: BallotName,
    *,
    office: Office = None,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds to go on while the others have not spoken.")
    ] = 0.0,
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
    Tạo phần khóa cùng các người giữ khóa khác, bốn lượt. / Make the share together with the others, in four rounds.

    Run it again until it says that all is done: each time it publishes what the others wait for. Exit 7: wait for
    those named; 4: somebody's word does not hold, and who.
    """
    where = Where(key_file, kid, source, origin, url, outbox, archive, policy, custody, key_store)
    passphrase: str | None = None
    deadline = time.monotonic() + patience
    while True:
        with seated(where, cycle, ballot, office) as seat:
            if passphrase is None:
                new = not seat.desk.record.is_made
                passphrase = ask_passphrase(
                    seat.settings, seat.desk.folder, passphrase_file, new=new
                )
            step = next_step(seat.keys, seat.place, seat.desk, passphrase, secrets.randbelow)
            seat.note()
            if step.says is None and not step.waits:
                done = "Đã xong phần khóa. Tiếp theo: thidua trustee confirm / The share is made; next: confirm."
                show({"owner": seat.place.owner, "done": True}, [done], as_json=as_json)
                return
            if step.says is not None:
                name = seat.event_name(step.says.TYPE.split(".")[2])
                client = seat.settings.client(wait=wait)
                item = publish(client, seat.told.subject, step.says, name)
                if item.state is not State.RECORDED or time.monotonic() + PAUSE > deadline:
                    finish(item, as_json=as_json, owner=seat.place.owner, done=False)
            elif time.monotonic() + PAUSE > deadline:
                show(
                    {"owner": seat.place.owner, "done": False, "waits_for": list(step.waits)},
                    [f"Chờ người giữ khóa số / waiting for trustees: {_listed(step.waits)}"],
                    as_json=as_json,
                )
                raise typer.Exit(Exit.UNAVAILABLE)
        time.sleep(PAUSE)


@app.command("confirm")
def confirm(
    cycle: Cycle,
    ballot: BallotName,
    *,
    fingerprint: Annotated[
        str | None,
        typer.Option(help="What another trustee reads out: its first 16 characters or more."),
    ] = None,
    office: Office = None,
    archive: Archive = None,
    policy: PolicyFile = None,
    custody: Custody = None,
    source: Source = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    """
    Đọc cuộc bầu, so dấu vân qua điện thoại rồi xác nhận. / Read the election, compare its fingerprint, confirm it.

    Everything is worked out again from the log; the fingerprint heard must be the one worked out here. Exit 4:
    it is another, and nothing was confirmed.
    """
    where = Where(source=source, origin=origin, archive=archive, policy=policy, custody=custody)
    with seated(where, cycle, ballot, office) as seat:
        election, _ = check_fixed(seat.told, seat.keys)
        seat.note()
        if not as_json:
            for line in election_words(seat.told, election):
                typer.echo(line)
        heard = fingerprint or typer.prompt(
            "Dấu vân nghe được từ người giữ khóa khác / the fingerprint another trustee reads out",
            err=True,
        )
        heard = "".join(heard.split())
        if len(heard) < SHORTEST_PRINT or not election.fingerprint.startswith(heard):
            raise OtherElectionError(heard, election.fingerprint)
        seat.desk.confirm(election)
        done = f"Đã xác nhận / confirmed: {election.fingerprint}"
        show(
            {"owner": seat.place.owner, "fingerprint": election.fingerprint},
            [done],
            as_json=as_json,
        )


@app.command("drill")
def drill(
    cycle: Cycle,
    ballot: BallotName,
    *,
    office: Office = None,
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
    Diễn tập: dùng thử phần khóa trước khi mở bỏ phiếu. / Use the share once, on what is no vote, before the opening.

    Publishes the fingerprint that was confirmed with it.
    """
    where = Where(key_file, kid, source, origin, url, outbox, archive, policy, custody, key_store)
    with seated(where, cycle, ballot, office) as seat:
        election, trustees = check_fixed(seat.told, seat.keys)
        seat.desk.confirmed(election)
        seat.note()
        passphrase = ask_passphrase(seat.settings, seat.desk.folder, passphrase_file, new=False)
        said = drilled(seat.told, trustees, seat.place, seat.desk, passphrase, secrets.randbelow)
        client = seat.settings.client(wait=wait)
        item = publish(client, seat.told.subject, said, seat.event_name("drill"))
        finish(item, as_json=as_json, owner=seat.place.owner)


@app.command("decrypt")
def decrypt(
    cycle: Cycle,
    ballot: BallotName,
    *,
    office: Office = None,
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
    Đếm lại từ sổ rồi góp phần mở kết quả. / Count again from the log, then take part in opening the result.

    One sum of an election, once: a second one is refused (exit 3), as is an election that was not confirmed here.
    Exit 4: the fingerprint, a vote, or the published sum does not hold.
    """
    where = Where(key_file, kid, source, origin, url, outbox, archive, policy, custody, key_store)
    with seated(where, cycle, ballot, office) as seat:
        if seat.told.result is not None:
            done = (
                "Kết quả đã mở, không cần thêm phần nào. / The result is open; no part is needed."
            )
            show({"owner": seat.place.owner, "needed": False}, [done], as_json=as_json)
            return
        counted = recount(seat.told, seat.keys)
        seat.note()
        passphrase = ask_passphrase(seat.settings, seat.desk.folder, passphrase_file, new=False)
        text = seat.desk.decrypt(counted.election, counted.tally, passphrase, secrets.randbelow)
        owner, known = seat.place.owner, seat.told.decryptions
        read_partial_decryption(counted.election, counted.trustees, counted.tally, owner, text)
        if known.get(owner, text) != text:
            raise OtherKeysError(owner, s.PartiallyDecrypted.TYPE)
        said = s.PartiallyDecrypted(ballot=ballot, owner=owner, decryption=text)
        client = seat.settings.client(wait=wait)
        item = publish(client, seat.told.subject, said, seat.event_name("decrypt"))
        digest = hex_hash(counted.tally.sized_text)
        lines = [
            f"Đã đếm lại {counted.tally.counted} phiếu / ballots counted again",
            f"Tổng đã mã hóa / encrypted sum\t{digest}",
        ]
        finish(
            item, lines, as_json=as_json, owner=owner, counted=counted.tally.counted, tally=digest
        )


@app.command("destroy")
def destroy(
    cycle: Cycle,
    ballot: BallotName,
    *,
    confirm: Annotated[str, typer.Option(help="The ballot's name, typed again.")] = "",
    statement: Annotated[str, typer.Option(help="What is stated in the log.")] = STATEMENT,
    office: Office = None,
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
    Hủy phần khóa sau thời hạn khiếu nại. / Destroy the share once the time for complaints is over.

    The log judges whether it is time; the files go when it has recorded the statement. Destroy paper copies too.
    """
    where = Where(key_file, kid, source, origin, url, outbox, archive, policy, custody, key_store)
    if confirm != ballot:
        note(f"Xác nhận bằng / confirm with: --confirm {ballot}")
        raise typer.Exit(Exit.USAGE)
    with seated(where, cycle, ballot, office) as seat:
        needed = seat.read.ballots.open_with(seat.keys)
        if needed:
            raise StillNeededError(needed)
        said = s.KeyShareDestroyed(ballot=ballot, owner=seat.place.owner, statement=statement)
        client = seat.settings.client(wait=wait)
        item = publish(client, seat.told.subject, said, seat.event_name("destroy"))
        if item.state is State.RECORDED:
            seat.desk.destroy()
            if seat.settings.uses_key_store:
                forget_in_store(store_name(seat.settings, seat.desk.folder))
        finish(item, as_json=as_json, owner=seat.place.owner)


def _listed(owners: tuple[int, ...]) -> str:
    return ", ".join(map(str, owners))
