"""What every command says in the same way: exit codes, ``--json``, results on stdout and messages on stderr."""

from __future__ import annotations

import json
import os
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from thidua.audit.authentic import NotAuthenticError
from thidua.audit.rejudging import NotFollowingError
from thidua.custody.generating import OtherKeysError
from thidua.custody.record import OtherElectionError, OtherHistoryError
from thidua.errors import MalformedError, RejectError, RetryError, SignatureError, ThiduaError
from thidua.fact_words import expectation
from thidua.form import FormFaultsError
from thidua.identity import (
    Identity,
    KeyFileError,
    SettingsFileError,
    SettingValueError,
    UnsetError,
    find_identity,
)
from thidua.outbox import NotInOutboxError, State
from thidua.publishing import NoReceiptError
from thidua.refusals import CATALOGUE
from thidua.tlog.faults import ArchiveFaultError
from thidua.tlog.policy import PolicyFileError
from thidua.voting.faults import BallotFaultError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from thidua.outbox import Item

SCHEMA_VERSION: Final = 1


class Exit(IntEnum):
    """What a script reads off a command."""

    GOOD = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    """Refused by the rules, or its form is wrong."""
    UNPROVEN = 4
    """A proof says no."""
    NOT_FOUND = 5
    UNAVAILABLE = 7
    """Not delivered yet; trying again makes sense and is safe."""
    PARTLY = 8


KeyFile = Annotated[
    Path | None, typer.Option(help="File with the private key (PEM).", envvar="THIDUA_KEY_FILE")
]
Kid = Annotated[str | None, typer.Option(help="The key's registered name.", envvar="THIDUA_KID")]
Source = Annotated[
    str | None,
    typer.Option(help="Who says it: /units/LCA or /authorities/BVHTTDL.", envvar="THIDUA_SOURCE"),
]
Origin = Annotated[str | None, typer.Option(help="The log's name.", envvar="THIDUA_ORIGIN")]
Url = Annotated[str | None, typer.Option(help="The door's address.", envvar="THIDUA_URL")]
OutboxFolder = Annotated[
    Path | None, typer.Option("--outbox", help="The outbox's folder.", envvar="THIDUA_OUTBOX")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Wait = Annotated[int, typer.Option(min=0, max=30, help="Seconds to wait for the judgement.")]


def identity(
    *,
    origin: str | None = None,
    source: str | None = None,
    kid: str | None = None,
    key_file: Path | None = None,
    url: str | None = None,
    outbox: Path | None = None,
    door_key: str | None = None,
    archive: str | None = None,
    policy: Path | None = None,
    custody: Path | None = None,
    key_store: str | None = None,
) -> Identity:
    """The settings a command runs with: flags, environment, project file, user file."""
    given: dict[str, str | None] = {
        "origin": origin,
        "source": source,
        "kid": kid,
        "key_file": None if key_file is None else str(key_file),
        "url": url,
        "outbox": None if outbox is None else str(outbox),
        "door_key": door_key,
        "archive": archive,
        "policy": None if policy is None else str(policy),
        "custody": None if custody is None else str(custody),
        "key_store": key_store,
    }
    return find_identity(given, os.environ, Path.cwd())  # noqa: TID251 - a command is a composition root


def show(document: Mapping[str, Any], lines: Iterable[str], *, as_json: bool) -> None:
    """A command's result: the document for machines, or lines for people."""
    if as_json:
        told = {"schema_version": SCHEMA_VERSION, **document}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    for line in lines:
        typer.echo(line)


def note(text: str) -> None:
    """A message beside the result."""
    typer.echo(text, err=True)


class MachineFaultError(ThiduaError):
    """This machine did not let a file be read or written."""

    def __init__(self, error: OSError) -> None:
        told = [str(one) for one in (error.filename, error.strerror or error) if one]
        super().__init__(": ".join(told))

    def diagnostics(self) -> str:
        """Say what to look at."""
        return (
            "Kiểm tra đường dẫn, quyền và chỗ trống trên đĩa. / "
            "Check the path, the rights and the room on the disk."
        )


def exit_of(error: ThiduaError) -> Exit:
    """The exit code of an error."""
    match error:
        case UnsetError() | SettingsFileError() | SettingValueError() | KeyFileError():
            return Exit.USAGE
        case PolicyFileError():
            return Exit.USAGE
        case NotInOutboxError() | NoReceiptError():
            return Exit.NOT_FOUND
        case SignatureError() | ArchiveFaultError() | NotAuthenticError() | NotFollowingError():
            return Exit.UNPROVEN
        case BallotFaultError() | OtherElectionError() | OtherHistoryError() | OtherKeysError():
            return Exit.UNPROVEN
        case RejectError():
            return Exit.REFUSED
        case RetryError():
            return Exit.UNAVAILABLE
        case _:
            return Exit.FAILED


def fail(error: ThiduaError) -> Exit:
    """Say what is wrong and what to do about it, on stderr; the exit code."""
    if isinstance(error, FormFaultsError):
        for fault in error.faults:
            note(str(fault))
    elif isinstance(error, (MalformedError, SignatureError)):
        note(f"{error.path or '/'}: {expectation(error.expected, error.given)}")
    else:
        note(str(error))
    note(error.diagnostics())
    return exit_of(error)


def held_line(service: str, reason: str) -> str:
    """Why a service's events wait: the words of the door's code, or what kept the door from answering."""
    words = next((told for code, told in CATALOGUE.items() if code == reason), None)
    if words is None:
        return f"{service}: {reason}"
    return f"{service}: {words.title_vi} / {words.title_en} ({reason})"


def outcome_of(items: Iterable[Item]) -> Exit:
    """The exit code for events by what became of them."""
    states = [item.state for item in items]
    wrong = [state for state in states if state in (State.REFUSED, State.STUCK)]
    if wrong:
        return Exit.REFUSED if len(wrong) == len(states) else Exit.PARTLY
    if any(state in (State.QUEUED, State.SIGNED) for state in states):
        return Exit.UNAVAILABLE
    return Exit.GOOD


_STATES: Final = {
    State.QUEUED: "chờ gửi / queued",
    State.SIGNED: "đã ký, chờ kết quả / signed, not known yet",
    State.STUCK: "bị trả lại, cần sửa / answered for good, mend it",
    State.RECORDED: "đã ghi / recorded",
    State.REFUSED: "bị từ chối / refused",
    State.DROPPED: "đã bỏ / dropped",
}


def document_of(item: Item) -> dict[str, Any]:
    """An event of the outbox for machines."""
    return {
        "n": item.n,
        "id": item.id,
        "type": item.type,
        "subject": item.subject,
        "state": str(item.state),
        "hash": item.signed.hash if item.signed is not None else None,
        "answer": item.answer,
    }


def line_of(item: Item) -> str:
    """An event of the outbox for people; what to mend stands below it."""
    answer = item.answer or {}
    words = [f"{item.n}", item.id, item.type, item.subject, _STATES[item.state]]
    if answer.get("position") is not None:
        words.append(f"vị trí / position {answer['position']}")
    told = "\t".join(words)
    if item.state in (State.REFUSED, State.STUCK):
        told += f"\n\t{answer.get('code')}: {answer.get('detail_vi', '')} / {answer.get('detail_en', '')}"
        told += f"\n\t{answer.get('fix_vi', '')} / {answer.get('fix_en', '')}"
    return told
