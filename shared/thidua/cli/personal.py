"""``thidua personal commit``: a person's name becomes a commitment for the log and a signed file for the vault."""

from __future__ import annotations

import json
import secrets
import sys
import unicodedata
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from thidua.base64url import encode_base64url
from thidua.cli.answers import KeyFile, Kid, Origin, Source, identity
from thidua.cli.keys import write_new
from thidua.errors import RejectError
from thidua.identity import read_key
from thidua.vault import (
    REF_BYTES,
    SALT_BYTES,
    DisclosedRow,
    Disclosure,
    DisclosureError,
    commit,
    misformed,
)

app = typer.Typer(
    help="Dữ liệu cá nhân: sổ chỉ giữ cam kết. / Personal data: the log holds commitments alone.",
    no_args_is_help=True,
)


@app.callback()
def _group() -> None:
    """Keep ``commit`` a command of its own while it is the only one."""


class NoValueError(RejectError):
    """Standard input holds no value to commit to."""

    def __init__(self, fault: str) -> None:
        super().__init__(f"đầu vào chuẩn / standard input: {fault}")

    def diagnostics(self) -> str:
        """Say how the value is given."""
        return "Đưa giá trị vào đầu vào chuẩn, một dòng UTF-8. / Give the value on standard input, one line in UTF-8."


def _value() -> str:
    try:
        value = unicodedata.normalize("NFC", sys.stdin.readline().strip())
    except UnicodeDecodeError:
        raise NoValueError("không phải UTF-8 / it is not UTF-8") from None
    if not value:
        raise NoValueError("trống / is empty")
    return value


@app.command("commit")
def commit_person(
    out: Annotated[Path, typer.Argument(help="New signed file for the vault's keeper.")],
    subject: Annotated[
        str, typer.Option(help="Where the commitment will stand: BVHTTDL or BVHTTDL/BGPB/2021.")
    ],
    keep_until: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day of keeping the value.")
    ],
    basis: Annotated[str, typer.Option(help="The legal ground on which it is kept.")],
    *,
    field: Annotated[str, typer.Option(help="What the value is.")] = "name",
    to: Annotated[str, typer.Option(help="Who receives the file.")] = "kho dữ liệu cá nhân",
    key_file: KeyFile = None,
    kid: Kid = None,
    source: Source = None,
    origin: Origin = None,
) -> None:
    """
    Đọc một giá trị từ đầu vào chuẩn, in cam kết để đưa vào sự kiện. / Read one value from standard input.

    Prints ``ref`` and the commitment that goes into the event; the value and its salt are in the file alone.
    """
    settings = identity(key_file=key_file, kid=kid, source=source, origin=origin)
    key = read_key(Path(settings.need("key_file")).expanduser())
    value = _value()
    if "\0" in value:
        raise DisclosureError("rows/0/value", "NUL")
    salt, ref = secrets.token_bytes(SALT_BYTES), encode_base64url(secrets.token_bytes(REF_BYTES))
    day: date = keep_until.date()
    plain: dict[str, Any] = {
        "ref": ref,
        "unit": settings.need("source").removeprefix("/units/"),
        "subject": subject,
        "field": field,
        "salt": encode_base64url(salt),
        "value": value,
        "commitment": commit(salt, ref, value),
        "basis": basis,
        "keep_until": day,
    }
    try:
        made = Disclosure(
            v=1,
            aud=settings.need("origin"),
            by=settings.need("source"),
            to=to,
            basis=basis,
            rows=(DisclosedRow.model_validate(plain),),
        )
    except ValidationError as error:
        raise misformed(error) from None
    write_new(out, f"{made.signed(key, settings.need('kid'))}\n".encode())
    typer.echo(json.dumps({"ref": ref, "commitment": plain["commitment"]}, indent=1))
