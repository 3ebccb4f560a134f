"""``thidua receipt show|check``."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from thidua.cli.answers import AsJson, Exit, Origin, Url, identity, note, show
from thidua.errors import RejectError
from thidua.publishing import DoorClient
from thidua.receipts import check_receipt
from thidua.signing import MAX_TOKEN_BYTES, VerifyingKey

_HASH = re.compile(r"[A-Za-z0-9_-]{43}")
_HASH_FIRST = {"ignore_unknown_options": True}
"""One hash in sixty-four begins with a hyphen, and is no option."""

app = typer.Typer(help="Biên nhận. / Receipts.", no_args_is_help=True)


class ReceiptFileError(RejectError):
    """The file cannot be read as a receipt."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f"{path}: không đọc được / cannot be read: {fault}")

    def diagnostics(self) -> str:
        """Name the command that fetches one."""
        return "Lấy lại: thidua receipt show HASH --signed > receipt.jws / fetch it again with this command."


def token_in(path: Path) -> bytes:
    """The signed receipt in a file, not yet parsed. Raises :class:`ReceiptFileError`."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_TOKEN_BYTES + 1).strip()
    except OSError as error:
        raise ReceiptFileError(path, error.strerror or str(error)) from None


@app.command("show", context_settings=_HASH_FIRST)
def show_receipt(
    event_hash: Annotated[str, typer.Argument(help="The event's hash.")],
    url: Url = None,
    signed: Annotated[
        bool, typer.Option("--signed", help="Print it as the door signs it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Xem biên nhận của một sự kiện. / Show what became of an event; exit 5 when nothing is known."""
    with closing(DoorClient(identity(url=url).url)) as door:
        if signed:
            token = door.signed_receipt(event_hash)
            show({"receipt": token}, [token], as_json=as_json)
            return
        reply = door.receipt(event_hash)
    told = reply.document
    lines = [f"{key}\t{value}" for key, value in told.items()]
    if "detail_vi" in told:
        lines = [f"{told[f'{part}_vi']} / {told[f'{part}_en']}" for part in ("detail", "fix")]
    show(told, lines, as_json=as_json)
    if reply.status == 404:  # noqa: PLR2004 - Not Found
        raise typer.Exit(Exit.NOT_FOUND)
    if reply.outcome not in ("recorded", "pending"):
        raise typer.Exit(Exit.REFUSED)


@app.command("check", context_settings=_HASH_FIRST)
def check(
    receipt: Annotated[
        str, typer.Argument(metavar="FILE|HASH", help="A signed receipt, or an event's hash.")
    ],
    door_key: Annotated[
        str | None,
        typer.Option(
            help="The door's public key (SPKI), as its authority gives it out.",
            envvar="THIDUA_DOOR_KEY",
        ),
    ] = None,
    origin: Origin = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """
    Kiểm tra chữ ký trên biên nhận. / Check the door's signature on a receipt.

    Exit 0 only when the signature holds; 4 when it does not; a receipt that could not be checked is never 0.
    """
    settings = identity(origin=origin, url=url, door_key=door_key)
    key = VerifyingKey.from_spki(settings.need("door_key"), "EdDSA")
    path = Path(receipt)
    if path.exists():
        token = token_in(path)
    elif not _HASH.fullmatch(receipt):
        note(f"không có tệp {path} / no such file, and no event's hash")
        raise typer.Exit(Exit.NOT_FOUND)
    else:
        with closing(DoorClient(settings.url)) as door:
            token = door.signed_receipt(receipt).encode()
    found = check_receipt(token, key, origin=settings.values.get("origin"))
    if not path.exists() and found.hash != receipt:
        note(f"biên nhận của sự kiện khác / the receipt of another event: {found.hash}")
        raise typer.Exit(Exit.UNPROVEN)
    document = found.document()
    show(
        {"valid": True, **document},
        [
            "Chữ ký hợp lệ / the signature holds",
            *(f"{key}\t{value}" for key, value in document.items()),
        ],
        as_json=as_json,
    )
