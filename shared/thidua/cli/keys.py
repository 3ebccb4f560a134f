"""``thidua key rotate``: a new key takes over from the old one, which is kept until the log says so."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

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
    identity,
    line_of,
    note,
    outcome_of,
    show,
)
from thidua.contracts import SERVICES
from thidua.contracts.units import KeyRotated
from thidua.identity import change_settings, of_form, read_key
from thidua.outbox import State
from thidua.signing import Algorithm, SigningKey, possession_proof

if TYPE_CHECKING:
    from thidua.identity import Identity
    from thidua.publishing import DoorClient

_PRIVATE: Final = 0o600

app = typer.Typer(help="Khóa ký. / Signing keys.", no_args_is_help=True)


def write_key(path: Path, key: SigningKey) -> None:
    """Write a new private key, readable by its owner alone; exits 2 when the file exists or cannot be written."""
    write_new(path, key.to_pem())


def write_new(path: Path, content: bytes) -> None:
    """Write a new file that its owner alone reads; exits 2 when it exists or cannot be written."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    except FileExistsError:
        note(f"{path} đã có, không ghi đè / {path} exists and is not overwritten")
        raise typer.Exit(Exit.USAGE) from None
    except OSError as error:
        note(f"không ghi được {path} / cannot write {path}: {error.strerror}")
        raise typer.Exit(Exit.USAGE) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@app.command("rotate")
def rotate(
    new_key_file: Annotated[
        Path, typer.Argument(help="The new private key: made when the file is not there.")
    ],
    *,
    new_kid: Annotated[str, typer.Option(help="The new key's name; used once, ever.")],
    authority: Annotated[
        str, typer.Option(help="Code of the authority whose registry holds the key.")
    ],
    alg: Annotated[Algorithm, typer.Option(help="Of a key that is made.")] = Algorithm.ES256,
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
    Thay khóa: khóa cũ ký bàn giao cho khóa mới. / Hand over to a new key, signed by the old one.

    The old key stays in use until the log has recorded the change; both files are kept. Repeat the
    command after a cut line: it goes on where it was.
    """
    settings = identity(
        key_file=key_file, kid=kid, source=source, origin=origin, url=url, outbox=outbox
    )
    of_form("kid", new_kid)
    client = settings.client(wait=wait)
    event_id = f"rotate:{new_kid}"[:64]
    done = next((item for item in client.outbox.items if item.id == event_id), None)
    with closing(client.door):
        if done is None:
            if not new_key_file.exists():
                write_key(new_key_file, SigningKey.generate(alg))
            told = client.flush()
            if told.unsent:
                note(
                    "Hãy gửi hết hộp gửi bằng khóa cũ trước / send what is unsent with the old key first"
                )
                raise typer.Exit(Exit.UNAVAILABLE)
            new = read_key(new_key_file)
            public = new.verifying_key
            data = {
                "kid": settings.need("kid"),
                "new_kid": new_kid,
                "alg": public.alg.value,
                "spki": public.spki,
                "proof": possession_proof(new, settings.need("origin"), new_kid),
                "heads": _heads(client.door, settings.need("kid")),
            }
            done = client.publish(KeyRotated.TYPE, authority, data, event_id=event_id)
        elif done.is_unsent:
            client.flush()
            done = client.outbox.item(done.n)
    show({"event": document_of(done)}, [line_of(done)], as_json=as_json)
    if done.state is State.RECORDED:
        _use(settings, new_key_file, new_kid)
    raise typer.Exit(outcome_of([done]))


def _heads(door: DoorClient, kid: str) -> list[dict[str, Any]]:
    """Where the old key's chains end, but for this hand-over itself."""
    heads = {service: door.head(kid, service) for service in SERVICES}
    return [
        {"service": service, "seq": head.seq, "hash": head.hash}
        for service, head in heads.items()
        if head.seq
    ]


def _use(settings: Identity, new_key_file: Path, new_kid: str) -> None:
    """Put the new key into the file the settings came from, or say what to set."""
    changed = {"key_file": str(new_key_file.resolve()), "kid": new_kid}
    files = {settings.files.get(name) for name in changed}
    [path, *more] = files
    if path is None or more:
        note(f"Từ nay dùng / from now on use: --key-file {new_key_file} --kid {new_kid}")
        return
    change_settings(path, changed)
    note(f"{path}: key_file, kid → {new_kid}")
