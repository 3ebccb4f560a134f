"""``thidua package make|import``."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
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
    identity,
    note,
    show,
)
from thidua.clock import WallClock
from thidua.identity import DEFAULT_URL
from thidua.key_material import VerifyingKey
from thidua.packages import import_package, make_package, read_package, told_of
from thidua.publishing import DoorClient

app = typer.Typer(
    help="Gói sự kiện đã ký, khi mất đường truyền. / A signed file for the day the line is down.",
    no_args_is_help=True,
)


@app.command("make")
def make(
    file: Annotated[
        Path, typer.Argument(help="New .zip file; an existing one is never overwritten.")
    ],
    key_file: KeyFile = None,
    kid: Kid = None,
    source: Source = None,
    origin: Origin = None,
    outbox: OutboxFolder = None,
    as_json: AsJson = False,
) -> None:
    """
    Ký và gói những gì chưa gửi. / Sign what is unsent into one file, to be carried to the log.

    The outbox keeps the events; when the line is back, ``outbox flush`` learns their receipts.
    """
    settings = identity(key_file=key_file, kid=kid, source=source, origin=origin, outbox=outbox)
    try:
        manifest = make_package(
            file, settings.outbox(), settings.publisher(), now=WallClock().now()
        )
    except OSError as error:
        note(f"không ghi được {file} / cannot write: {error.strerror}")
        raise typer.Exit(Exit.USAGE) from None
    show(
        {"file": str(file), **manifest.model_dump()},
        [f"{file}\t{len(manifest.events)} sự kiện / events\t{manifest.kid}"],
        as_json=as_json,
    )


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The package.")],
    url: Url = None,
    publisher_key: Annotated[
        str | None,
        typer.Option(
            help="The publisher's public key (SPKI) and algorithm, ES256:MFkw…, to check the seal."
        ),
    ] = None,
    wait: Wait = 10,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the file, send nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """
    Gửi các sự kiện của một gói qua cổng, theo thứ tự. / Post a package's events through the door, in order.

    Each keeps the time it was drawn up at (``time``) beside the arrival the door gives it (``rx``). The
    same package again changes nothing. Exit 8: some were refused; 7: some are still to be sent.
    """
    alg, _, spki = (publisher_key or "").partition(":")
    key = VerifyingKey.from_spki(spki, alg) if publisher_key else None
    try:
        package = read_package(file, key)
    except FileNotFoundError:
        note(f"không có tệp {file} / no such file")
        raise typer.Exit(Exit.NOT_FOUND) from None
    if key is None:
        note(
            "Chưa kiểm niêm phong (--publisher-key); cổng kiểm chữ ký từng sự kiện. / "
            "The seal was not checked; the door checks each event's signature."
        )
    manifest = package.manifest
    head = {"origin": manifest.origin, "source": manifest.source, "kid": manifest.kid}
    head |= {"sealed": "checked" if key is not None else "not checked"}
    if dry_run:
        show(
            {**head, "events": [event.model_dump() for event in manifest.events]},
            [f"{event.id}\t{event.type}\t{event.time}" for event in manifest.events],
            as_json=as_json,
        )
        return
    with closing(DoorClient(identity(url=url).values.get("url", DEFAULT_URL))) as door:
        told = [told_of(one) for one in import_package(package, door, wait=wait)]
    show(
        {**head, "events": told},
        [
            "\t".join(
                str(one.get(name) or "-")
                for name in ("id", "type", "outcome", "position", "time", "rx", "code", "detail_vi")
            )
            for one in told
        ],
        as_json=as_json,
    )
    outcomes = {one["outcome"] for one in told}
    if outcomes <= {"recorded"}:
        return
    if outcomes & {"unsent", "pending"}:
        raise typer.Exit(Exit.UNAVAILABLE)
    raise typer.Exit(Exit.PARTLY if "recorded" in outcomes else Exit.REFUSED)
