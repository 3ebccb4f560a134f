"""``thidua evidence put|status|get``: files beside the log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from thidua.cli.answers import Exit, KeyFile, Kid, Origin, Url, identity, note
from thidua.evidence import EvidenceFileError
from thidua.identity import read_key
from thidua.uploading import EvidenceClient, NotTakenError

app = typer.Typer(
    help="Gửi và xem tệp kiểm chứng. / Upload files of evidence and see what became of them.",
    no_args_is_help=True,
)

Files = Annotated[list[Path], typer.Argument(help="Files; what was sent before is gone on with.")]
Hash = Annotated[str, typer.Argument(help="The file's SHA-256, 64 hex digits.")]


@app.command("put")
def put(
    files: Files,
    unit: Annotated[str, typer.Option(help="The unit whose files they are: LCA.")],
    subject: Annotated[str, typer.Option(help="The cycle: BVHTTDL/BGPB/2021.")],
    key_file: KeyFile = None,
    kid: Kid = None,
    origin: Origin = None,
    url: Url = None,
    wait: Annotated[
        int, typer.Option(min=0, max=600, help="Seconds to wait for scanner and log.")
    ] = 30,
) -> None:
    """
    Gửi tệp, đứt thì chạy lại để gửi tiếp; in mã băm của từng tệp. / Upload files and print their hashes.

    Run it again after a break: it goes on where the line broke. Exit 3: a file was refused; 7: not in the log yet.
    """
    client = _client(key_file=key_file, kid=kid, origin=origin, url=url)
    worst = Exit.GOOD
    for path in files:

        def progress(have: int, size: int, name: str = path.name) -> None:
            typer.echo(f"{name}: {have}/{size} byte", err=True)

        try:
            told = client.put(path, unit=unit, subject=subject, wait=wait, on_progress=progress)
        except NotTakenError as error:
            told = {"state": "refused", "problem": error.document}
        typer.echo(json.dumps({"file": str(path), **told}, ensure_ascii=False))
        if told["state"] in ("refused", "unrecorded"):
            worst = Exit.REFUSED
        elif told["state"] != "recorded":
            worst = worst or Exit.UNAVAILABLE
    if worst:
        raise typer.Exit(worst)


@app.command("status")
def status(sha256: Hash, url: Url = None) -> None:
    """Kho đã có tệp này chưa. / Whether the store holds this file, whole and clean."""
    held = EvidenceClient.has_at(identity(url=url).url, sha256)
    typer.echo(json.dumps({"hash": sha256, "stored": held}))
    if not held:
        raise typer.Exit(Exit.NOT_FOUND)


@app.command("get")
def get(
    sha256: Hash,
    to: Annotated[Path, typer.Option(help="New file to write; an existing one is kept.")],
    key_file: KeyFile = None,
    kid: Kid = None,
    origin: Origin = None,
    url: Url = None,
) -> None:
    """Tải một tệp của cụm mình. / Fetch a file of the own cluster."""
    if to.exists():
        raise EvidenceFileError(to, "đã có, không ghi đè / exists and is not overwritten")
    _client(key_file=key_file, kid=kid, origin=origin, url=url).fetch(sha256, to)
    typer.echo(json.dumps({"hash": sha256, "file": str(to)}, ensure_ascii=False))


def _client(
    *, key_file: Path | None, kid: str | None, origin: str | None, url: str | None
) -> EvidenceClient:
    found = identity(key_file=key_file, kid=kid, origin=origin, url=url)
    key = read_key(Path(found.need("key_file")).expanduser())
    client = EvidenceClient(found.url, found.need("origin"), found.need("kid"), key)
    client.on_wait = lambda reason: note(
        f"{found.url}: {reason}; thử lại trong {client.patience:.0f} giây / trying again for so many seconds"
    )
    return client
