"""``thidua event sign|send`` and ``thidua receipt``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from thidua.contracts import service_of
from thidua.errors import RejectError
from thidua.knowledge import ChainHead
from thidua.publishing import DoorClient, Publisher, Reply
from thidua.signing import SigningKey

EXIT_REFUSED = 3
EXIT_NOT_FOUND = 5

app = typer.Typer(help="Ký và gửi sự kiện. / Sign and send events.", no_args_is_help=True)

File = Annotated[
    Path, typer.Argument(help='JSON file with "type", "subject" and "data"; - for standard input.')
]
KeyFile = Annotated[Path, typer.Option(help="File with the private key (PEM).")]
Kid = Annotated[str, typer.Option(help="The key's registered name.")]
Source = Annotated[str, typer.Option(help="Who says it: /units/LCA or /authorities/BVHTTDL.")]
Origin = Annotated[str, typer.Option(help="The log's name.")]
Url = Annotated[str, typer.Option(help="The door's address.", envvar="THIDUA_URL")]


class EventFileError(RejectError):
    """The file holds no event to sign."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f'{path}: cần một đối tượng JSON có "type", "subject", "data" / {fault}')

    def diagnostics(self) -> str:
        """Show the shape."""
        return 'Ví dụ / example: {"type": "thidua.pledges.pledge-signed.v1", "subject": "BVHTTDL/BGPB/2021", "data": {…}}'


def _event(path: Path) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        event = json.loads(text)
    except OSError as error:
        raise EventFileError(path, error.strerror or str(error)) from None
    except (ValueError, RecursionError) as error:
        raise EventFileError(path, str(error)) from None
    if not isinstance(event, dict) or not {"type", "subject", "data"} <= event.keys():
        raise EventFileError(path, "type, subject or data is missing")
    return event


def _key(path: Path) -> SigningKey:
    try:
        return SigningKey.from_pem(path.read_bytes())
    except OSError as error:
        raise EventFileError(path, error.strerror or str(error)) from None


@app.command("sign")
def sign_event(
    file: File,
    key_file: KeyFile,
    kid: Kid,
    source: Source,
    origin: Origin,
    seq: Annotated[
        int, typer.Option(min=1, help="The next number of the key's chain with this service.")
    ] = 1,
    prev: Annotated[
        str | None, typer.Option(help="Hash of the event before; needed from seq 2 on.")
    ] = None,
) -> None:
    """Ký một sự kiện, in JWS. / Sign one event and print the JWS; nothing is sent."""
    event = _event(file)
    publisher = Publisher(origin, source, kid, _key(key_file))
    service = service_of(str(event["type"])) or ""
    if seq > 1 and prev is None:
        raise typer.BadParameter("--prev is needed from --seq 2 on")
    if prev is not None:
        publisher.heads[service] = ChainHead(seq - 1, prev)
    typer.echo(
        publisher.sign(event["type"], event["subject"], event["data"], event_id=event.get("id"))
    )


@app.command("send")
def send_event(
    file: File,
    key_file: KeyFile,
    kid: Kid,
    source: Source,
    origin: Origin,
    url: Url = "http://127.0.0.1:8081",
    wait: Annotated[
        int, typer.Option(min=0, max=30, help="Seconds to wait for the judgement.")
    ] = 10,
) -> None:
    """Ký và gửi một sự kiện, in kết quả. / Sign and send one event, print what became of it."""
    event = _event(file)
    client = DoorClient(url)
    publisher = Publisher(origin, source, kid, _key(key_file))
    service = service_of(str(event["type"])) or ""
    publisher.heads[service] = client.head(kid, service)
    jws = publisher.sign(event["type"], event["subject"], event["data"], event_id=event.get("id"))
    _show(client.send(jws, wait=wait))


def receipt(
    event_hash: Annotated[str, typer.Argument(help="The event's hash, as the door answered it.")],
    url: Url = "http://127.0.0.1:8081",
) -> None:
    """Xem biên nhận của một sự kiện. / Show the receipt of an event."""
    reply = DoorClient(url).receipt(event_hash)
    _show(reply)


def _show(reply: Reply) -> None:
    typer.echo(json.dumps(reply.document, ensure_ascii=False, indent=1))
    if reply.status == 404:  # noqa: PLR2004 - Not Found
        raise typer.Exit(EXIT_NOT_FOUND)
    if reply.outcome not in ("recorded", "pending"):
        raise typer.Exit(EXIT_REFUSED)
