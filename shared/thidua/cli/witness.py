"""``thidua witness``: what a province runs to cosign the log's checkpoints, with nothing but a key and a folder."""

from __future__ import annotations

import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated

import typer

from thidua.errors import ThiduaError
from thidua.identity import KeyFileError, SettingValueError, read_key
from thidua.key_material import Algorithm
from thidua.tlog.faults import ArchiveFaultError
from thidua.tlog.notes import COSIGNATURE, LOG, NoteKey, NoteSigner
from thidua.tlog.witness import MOST_REQUEST_BYTES, Witness

IDLE_SECONDS = 10

app = typer.Typer(
    help="Nhân chứng: xác nhận điểm niêm của sổ. / Witness the log's checkpoints.",
    no_args_is_help=True,
)

KeyFile = Annotated[Path, typer.Option(help="Ed25519 private key, PEM: thidua keygen --alg EdDSA.")]
Name = Annotated[str, typer.Option(help="The witness's name: dbn.example.vn/cosigner.")]


@app.command("vkey")
def vkey(key_file: KeyFile, name: Name) -> None:
    """In khóa công khai để ghi vào chính sách. / Print the public key for everybody's policy."""
    typer.echo(_signer(key_file, name).public.vkey)


@app.command("run")
def run(
    key_file: KeyFile,
    name: Name,
    log: Annotated[list[str], typer.Option(help="The log's vkey, as on paper; may be repeated.")],
    home: Annotated[Path, typer.Option(help="Folder that keeps what was seen.")] = Path(
        "thidua-witness"
    ),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 = any free one.")] = 7390,
) -> None:
    """Chạy nhân chứng. / Run the witness until it is stopped."""
    home.mkdir(parents=True, exist_ok=True)
    keys = [_log_key(line) for line in log]
    if any(key.kind != LOG for key in keys):
        raise typer.BadParameter("--log: cần khóa của sổ / a log's key is needed")
    witness = Witness(_signer(key_file, name), {key.name: key for key in keys}, home)
    for key in keys:
        witness.seen(key.name)
    server = witness_server(witness, host, port)
    typer.echo(f"{witness.signer.public.vkey} http://{host}:{server.server_address[1]}")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


def witness_server(witness: Witness, host: str, port: int) -> ThreadingHTTPServer:
    """An HTTP server of *witness*, bound and not yet serving."""

    class Handler(BaseHTTPRequestHandler):
        timeout = IDLE_SECONDS

        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            if self.path != "/add-checkpoint":
                self._say(HTTPStatus.NOT_FOUND, "POST /add-checkpoint\n")
            elif not length.isdecimal() or int(length[:12]) > MOST_REQUEST_BYTES:
                self._say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"<= {MOST_REQUEST_BYTES}\n")
            else:
                try:
                    answer = witness.add_checkpoint(
                        self.rfile.read(int(length)), now=int(time.time())
                    )
                except (ThiduaError, OSError) as error:
                    self._say(HTTPStatus.INTERNAL_SERVER_ERROR, "the witness's own state\n")
                    typer.echo(f"{error}", err=True)
                else:
                    self._say(*answer)

        def _say(self, status: HTTPStatus, body: str, media: str = "text/plain") -> None:
            raw = body.encode()
            self.send_response(status)
            self.send_header("content-type", media)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            """Say nothing of single requests."""

    return ThreadingHTTPServer((host, port), Handler)


def _log_key(line: str) -> NoteKey:
    try:
        return NoteKey.parse(line)
    except ArchiveFaultError:
        expected = "khóa của sổ như trên giấy / the log's vkey, as on paper"
        raise SettingValueError("log", expected, line) from None


def _signer(key_file: Path, name: str) -> NoteSigner:
    key = read_key(key_file)
    if key.verifying_key.alg is not Algorithm.EDDSA:
        raise KeyFileError(key_file, f"cần / needed Ed25519, --alg EdDSA; {key.verifying_key.alg}")
    return NoteSigner(name, key, COSIGNATURE)
