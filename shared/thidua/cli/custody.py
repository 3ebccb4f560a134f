"""What the commands of voters and trustees share: the log they read, the passphrase, the event they publish."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from thidua.cli.answers import Exit, document_of, identity, line_of, note, outcome_of, show
from thidua.custody.following import events_in, held_log
from thidua.custody.key_store import passphrase_in_store
from thidua.custody.sealing import STRONG, Cost
from thidua.custody.told import Told, told_of
from thidua.custody.voter import VoterDesk
from thidua.errors import MalformedError, RejectError
from thidua.outbox import State
from thidua.strict_json import MAX_BYTES, parse_payload

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from thidua.audit.held import HeldFolder
    from thidua.contracts.base import EventData
    from thidua.custody.told import SecretBallots
    from thidua.identity import Identity
    from thidua.outbox import Item
    from thidua.sending import PublisherClient
    from thidua.voting.election import Election

MOST_PASSPHRASE: Final = 1024
COST: Cost = STRONG
"""What one guess of a passphrase takes."""

Cycle = Annotated[str, typer.Argument(help="The cycle: BVHTTDL/BGPB/2021.", show_default=False)]
BallotName = Annotated[
    str, typer.Argument(metavar="BALLOT", help="The ballot's name.", show_default=False)
]
Archive = Annotated[
    str | None,
    typer.Option(help="The log's archive: a folder or an address.", envvar="THIDUA_ARCHIVE"),
]
PolicyFile = Annotated[
    Path | None,
    typer.Option(help="Policy file got on another way.", envvar="THIDUA_POLICY"),
]
Custody = Annotated[
    Path | None,
    typer.Option(
        "--custody", help="Folder that keeps secrets and journals.", envvar="THIDUA_CUSTODY"
    ),
]
Tracker = Annotated[str | None, typer.Argument(help="The ballot's tracker; the newest otherwise.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        help="File whose first line is the passphrase; asked for otherwise.",
        envvar="THIDUA_PASSPHRASE_FILE",
    ),
]

KeyStore = Annotated[
    str | None,
    typer.Option(
        help="os: the machine's key store holds the passphrase, which nobody types; none: not.",
        envvar="THIDUA_KEY_STORE",
    ),
]


class PassphraseFileError(RejectError):
    """The file with the passphrase cannot be read."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f"{path}: không đọc được câu mật khẩu / no passphrase there: {fault}")


class SecretFileError(RejectError):
    """The file with the choices, or the one of a challenge, cannot be read; its content is not repeated."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f"{path}: không đọc được / cannot be read: {fault}")


_COMPARED: Final = {"at-least": "≥", "more-than": ">"}
_BASES: Final = {
    "members": "tổng số thành viên, vắng mặt tính như không đồng ý / of all members: not voting counts like a no",
    "present": "số có mặt / of those present",
    "ballots": "số phiếu / of the votes",
    "valid": "số phiếu hợp lệ / of the valid votes",
}


@dataclass(frozen=True, slots=True)
class Where:
    """The flags of a command that say who asks, and which log it reads."""

    key_file: Path | None = None
    kid: str | None = None
    source: str | None = None
    origin: str | None = None
    url: str | None = None
    outbox: Path | None = None
    archive: str | None = None
    policy: Path | None = None
    custody: Path | None = None
    key_store: str | None = None

    def settings(self) -> Identity:
        """The settings found: flags, environment, project file, user file."""
        return identity(
            key_file=self.key_file,
            kid=self.kid,
            source=self.source,
            origin=self.origin,
            url=self.url,
            outbox=self.outbox,
            archive=self.archive,
            policy=self.policy,
            custody=self.custody,
            key_store=self.key_store,
        )


@dataclass(frozen=True, slots=True)
class Read:
    """The log as it was read, held to its policy, and the cycle's secret ballots in it."""

    held: HeldFolder
    ballots: SecretBallots
    judged: bool
    """Whether every judgement was made again, by the rules of the installed application."""

    def warn(self) -> None:
        """Say on which ground the log is believed, where that is less than it could be."""
        if not self.judged:
            note(
                "Chữ ký đã kiểm; quy tắc chưa xét lại (cần cài thidua-services). / "
                "Signatures were checked; the rules were not judged again (needs thidua-services)."
            )


def read_log(settings: Identity, cycle: str, *, judged: bool = False) -> Read:
    """
    The archive that the settings name, held to their policy, as far as *cycle* is concerned.

    With *judged* every judgement is made again where the application is installed.
    """
    archive, policy = settings.need("archive"), Path(settings.need("policy"))
    held = held_log(archive, policy, settings.custody_folder)
    points = entry_points(group="thidua.judges") if judged else ()
    judges: tuple[Any, ...] = tuple(point.load() for point in points)
    return Read(held, told_of(cycle, events_in(held, judges)), bool(judges))


def store_name(settings: Identity, desk: Path) -> str:
    """What the passphrase of a *desk* is called in the machine's key store."""
    return f"{settings.need('origin')}{settings.need('source')}/{desk.parent.name}/{desk.name}"


def ask_passphrase(settings: Identity, desk: Path, file: Path | None, *, new: bool) -> str:
    """
    The passphrase of a *desk*, drawn or asked for twice when it is *new*; never from the command line.

    From *file*, else from the machine's key store where the settings say so, else from whoever sits there.
    """
    if file is None and settings.uses_key_store:
        return passphrase_in_store(store_name(settings, desk), secrets.token_bytes, new=new)
    if file is None:
        words = "Câu mật khẩu / passphrase"
        told: str = typer.prompt(
            words,
            hide_input=True,
            confirmation_prompt="Gõ lại / repeat" if new else False,
            err=True,
        )
        return told
    try:
        with file.open("rb") as opened:
            raw = opened.read(MOST_PASSPHRASE)
        return raw.decode().splitlines()[0]
    except OSError as error:
        raise PassphraseFileError(file, error.strerror or str(error)) from None
    except (UnicodeDecodeError, IndexError):
        raise PassphraseFileError(file, "cần một dòng chữ / a line of text") from None


@contextmanager
def at_desk(settings: Identity, told: Told) -> Iterator[VoterDesk]:
    """The voter's desk for one ballot, held while the command runs."""
    desk = VoterDesk(settings.custody_folder / told.draft.uuid / "voter", secrets.token_bytes, COST)
    with desk.alone():
        yield desk


def read_document(path: Path) -> dict[str, Any]:
    """The JSON object in a file that holds what is secret. Raises :class:`SecretFileError`."""
    try:
        with path.open("rb") as file:
            return parse_payload(file.read(MAX_BYTES + 1).strip())
    except OSError as error:
        raise SecretFileError(path, error.strerror or str(error)) from None
    except MalformedError as error:
        raise SecretFileError(path, f"JSON; {error.expected}") from None


def publish(client: PublisherClient, subject: str, data: EventData, name: str) -> Item:
    """
    Publish *data* under an id made of *name*: said again it is the same event, and a new one after a refusal.

    The item with its receipt, or still in the outbox.
    """
    tries = [item for item in client.outbox.items if item.id.startswith(f"{name}:")]
    settled = tries and tries[-1].state in (State.REFUSED, State.DROPPED)
    number = len(tries) + 1 if settled or not tries else len(tries)
    document = data.model_dump(mode="json")
    return client.publish(data.TYPE, subject, document, event_id=f"{name}:{number}")


def finish(item: Item, lines: Iterable[str] = (), *, as_json: bool, **more: Any) -> None:
    """Show what became of the event, and end the command with its exit code."""
    show({**more, "event": document_of(item)}, [*lines, line_of(item)], as_json=as_json)
    code = outcome_of([item])
    if code is Exit.UNAVAILABLE:
        note(
            "Đã giữ trong hộp gửi; gửi tiếp: thidua outbox flush / kept; send later with outbox flush"
        )
    raise typer.Exit(code)


def election_words(told: Told, election: Election) -> list[str]:
    """What a person reads of an election before confirming it, or before voting in it."""
    draft, rule = told.draft, election.rule
    needed = f"{_COMPARED[rule.threshold.op]} {rule.threshold.num}/{rule.threshold.den}"
    lines = [
        f"Cuộc bỏ phiếu / ballot\t{told.subject} · {draft.ballot} · {draft.about}",
        *(
            f"Hỏi / asks\t{question.text}: {' | '.join(question.answers)} ({question.least}–{question.most})"
            for question in election.questions
        ),
        f"Quy tắc / rule\t{needed} {_BASES[rule.base]}",
        f"Cần ít nhất / at least\t{rule.quorum.num}/{rule.quorum.den}; {draft.min_ballots} phiếu / votes",
    ]
    for number, group in enumerate(draft.trustees, 1):
        holders = ", ".join(f"{each.source} ({each.office})" for each in group.holders)
        lines.append(
            f"Giữ khóa, nhóm / trustees, group {number}\t{group.threshold}/{len(group.holders)}: {holders}"
        )
    return [*lines, f"Dấu vân / fingerprint\t{election.fingerprint}"]
