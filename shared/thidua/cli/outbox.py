"""``thidua outbox list|flush|drop``."""

from __future__ import annotations

from contextlib import closing
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
    document_of,
    held_line,
    identity,
    line_of,
    note,
    outcome_of,
    show,
)

app = typer.Typer(
    help="Hộp gửi trên máy này. / What this machine has still to say.", no_args_is_help=True
)


@app.command("list")
def list_outbox(
    source: Source = None,
    origin: Origin = None,
    outbox: OutboxFolder = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what is settled.")] = False,
    as_json: AsJson = False,
) -> None:
    """Liệt kê sự kiện chưa gửi xong. / Show what is unsent, one event a line, tab-separated."""
    box = identity(source=source, origin=origin, outbox=outbox).outbox()
    items = box.items if everything else box.unsent
    show(
        {"unsent": len(box.unsent), "events": [document_of(item) for item in items]},
        [line_of(item) for item in items],
        as_json=as_json,
    )
    if not as_json:
        note(f"{len(box.unsent)} chưa gửi xong / unsent")


@app.command("flush")
def flush_outbox(
    *,
    key_file: KeyFile = None,
    kid: Kid = None,
    source: Source = None,
    origin: Origin = None,
    url: Url = None,
    outbox: OutboxFolder = None,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds to go on trying, with growing pauses.")
    ] = 0.0,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt", help="This is the key's only outbox: go on from where the log has its chain."
        ),
    ] = False,
    wait: Wait = 10,
    as_json: AsJson = False,
) -> None:
    """
    Gửi những gì chưa gửi. / Send what is unsent, in order.

    Exit 0: nothing is left; 3 or 8: all or some were refused or need mending; 7: some are still to be sent.
    """
    client = identity(
        key_file=key_file, kid=kid, source=source, origin=origin, url=url, outbox=outbox
    ).client(wait=wait)
    with closing(client.door):
        told = client.flush(patience=patience, adopt=adopt)
    items = sorted(
        {item.n: item for item in (*told.settled, *told.unsent)}.values(), key=lambda i: i.n
    )
    show(
        {
            "recorded": len(told.recorded),
            "refused": len(told.refused),
            "unsent": len(told.unsent),
            "held": told.held,
            "events": [document_of(item) for item in items],
        },
        [line_of(item) for item in items],
        as_json=as_json,
    )
    for service, reason in told.held.items():
        note(held_line(service, reason))
    if told.stuck:
        note(
            "Sửa rồi bỏ sự kiện bị trả lại: thidua outbox drop N / mend, then drop what was answered for good"
        )
    raise typer.Exit(outcome_of(items))


@app.command("drop")
def drop_event(
    number: Annotated[int, typer.Argument(help="Its number in ``outbox list``.")],
    confirm: Annotated[str, typer.Option(help="The event's id, typed again.")] = "",
    source: Source = None,
    origin: Origin = None,
    outbox: OutboxFolder = None,
    as_json: AsJson = False,
) -> None:
    """
    Bỏ một sự kiện chưa vào sổ. / Set aside an event that is not in the log.

    Those after it are signed anew and go on without it.
    """
    box = identity(source=source, origin=origin, outbox=outbox).outbox()
    item = box.item(number)
    if confirm != item.id:
        note(f"Xác nhận bằng / confirm with: --confirm {item.id}")
        raise typer.Exit(Exit.USAGE)
    item = box.drop(number)
    show({"event": document_of(item)}, [line_of(item)], as_json=as_json)
