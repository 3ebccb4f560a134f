"""``thidua event sign|validate|send``."""

from __future__ import annotations

import sys
from codecs import BOM_UTF8
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    document_of,
    fail,
    held_line,
    identity,
    line_of,
    note,
    outcome_of,
    show,
)
from thidua.contracts import service_of
from thidua.errors import MalformedError, RejectError, RetryError
from thidua.fact_words import expectation
from thidua.form import FormFault, FormFaultsError, form_faults
from thidua.knowledge import ChainHead
from thidua.refusals import CATALOGUE
from thidua.strict_json import parse_payload

if TYPE_CHECKING:
    from thidua.outbox import Item

MOST_EVENTS = 1000
"""In one file."""

app = typer.Typer(help="Ký và gửi sự kiện. / Sign and send events.", no_args_is_help=True)

File = Annotated[
    Path,
    typer.Argument(
        help='JSON file with "type", "subject", "data" and perhaps "id", or an "events" list of such; - for standard input.'
    ),
]


class NoEventFileError(RejectError):
    """The file is not there, or may not be read."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f"{path}: không đọc được / cannot be read: {fault}")

    def diagnostics(self) -> str:
        """Say what to look at."""
        return (
            "Kiểm tra đường dẫn và quyền đọc tệp. / Check the file's path and that it may be read."
        )


class EventFileError(RejectError):
    """The file holds no event to sign."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f"{path}: không đọc được / cannot be read: {fault}")

    def diagnostics(self) -> str:
        """Show the shape."""
        return 'Ví dụ / example: {"type": "thidua.pledges.pledge-signed.v1", "subject": "BVHTTDL/BGPB/2021", "data": {…}}'


def _events(path: Path) -> list[dict[str, Any]]:
    """The events of a file; raises :class:`NoEventFileError` and :class:`EventFileError`."""
    try:
        raw = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise NoEventFileError(path, error.strerror or str(error)) from None
    try:
        # Windows' own programs begin a text file with a byte order mark.
        document = parse_payload(raw.removeprefix(BOM_UTF8).strip())
    except MalformedError as error:
        told = expectation(error.expected, error.given)
        title = CATALOGUE[error.code].title_vi
        raise EventFileError(path, f"{title} ({error.path or '/'}: {told})") from None
    events = document.get("events") if document.keys() == {"events"} else [document]
    if (
        not isinstance(events, list)
        or not 1 <= len(events) <= MOST_EVENTS
        or not all(isinstance(event, dict) for event in events)
    ):
        raise EventFileError(path, f"events: 1 … {MOST_EVENTS}")
    return events


def _checked(path: Path) -> list[dict[str, Any]]:
    events = _events(path)
    faults = _faults(events)
    if faults:
        raise FormFaultsError(faults)
    return events


def _faults(events: list[dict[str, Any]]) -> list[FormFault]:
    alone = len(events) == 1
    return [
        fault if alone else fault.under(f"/events/{at}")
        for at, event in enumerate(events)
        for fault in form_faults(event)
    ]


@app.command("validate")
def validate_event(file: File, as_json: AsJson = False) -> None:
    """
    Kiểm tra mẫu, không cần mạng. / Check the form offline; every fault is named.

    Exit 0: the form is right; 3: faults. Whether the year's rules allow it only the service says.
    """
    try:
        events = _events(file)
    except (NoEventFileError, EventFileError) as error:
        raise typer.Exit(fail(error)) from None
    faults = _faults(events)
    lines = [str(fault) for fault in faults] or [f"Đúng mẫu / the form is right: {len(events)}"]
    show(
        {"valid": not faults, "events": len(events), "faults": [one.document() for one in faults]},
        lines,
        as_json=as_json,
    )
    raise typer.Exit(Exit.REFUSED if faults else Exit.GOOD)


@app.command("sign")
def sign_event(
    file: File,
    key_file: KeyFile = None,
    kid: Kid = None,
    source: Source = None,
    origin: Origin = None,
    seq: Annotated[
        int, typer.Option(min=1, help="The next number of the key's chain with this service.")
    ] = 1,
    prev: Annotated[
        str | None, typer.Option(help="Hash of the event before; needed from seq 2 on.")
    ] = None,
) -> None:
    """
    Ký một sự kiện, in JWS. / Sign one event and print the JWS; nothing is sent or kept.

    For systems that keep their chain themselves; with an outbox use ``event send``.
    """
    if seq > 1 and prev is None:
        raise typer.BadParameter("--prev is needed from --seq 2 on")
    [event, *more] = _checked(file)
    if more:
        raise EventFileError(file, "1 event")
    publisher = identity(key_file=key_file, kid=kid, source=source, origin=origin).publisher()
    if prev is not None:
        publisher.heads[service_of(event["type"]) or ""] = ChainHead(seq - 1, prev)
    typer.echo(
        publisher.sign(event["type"], event["subject"], event["data"], event_id=event.get("id"))
    )


@app.command("send")
def send_event(
    file: File,
    *,
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
    Xếp vào hộp gửi, ký, gửi và in kết quả. / Queue, sign, send and print what became of it.

    Exit 0: recorded; 3: refused or its form is wrong; 7: kept in the outbox, not delivered yet.
    """
    events = _checked(file)
    settings = identity(
        key_file=key_file, kid=kid, source=source, origin=origin, url=url, outbox=outbox
    )
    client = settings.client(wait=wait)
    with closing(client.door):
        queued = [
            client.queue(one["type"], one["subject"], one["data"], event_id=one.get("id"))
            for one in events
        ]
        try:
            held = client.flush().held
        except RetryError as error:
            note(str(error))
            client.outbox.refresh()
        else:
            for service, reason in held.items():
                note(held_line(service, reason))
    told: list[Item] = [client.outbox.item(item.n) for item in queued]
    show(
        {"events": [document_of(item) for item in told]},
        [line_of(item) for item in told],
        as_json=as_json,
    )
    code = outcome_of(told)
    if code is Exit.UNAVAILABLE:
        note(
            "Đã giữ trong hộp gửi; gửi tiếp: thidua outbox flush / kept; send later with outbox flush"
        )
    raise typer.Exit(code)
