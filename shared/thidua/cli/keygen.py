"""``thidua keygen``: a key pair for a publisher."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from thidua.signing import Algorithm, SigningKey, possession_proof


def keygen(
    path: Annotated[
        Path,
        typer.Argument(help="New file for the private key; an existing one is never overwritten."),
    ],
    kid: Annotated[str, typer.Option(help="The key's name, such as LCA/2021-1; used once, ever.")],
    origin: Annotated[str, typer.Option(help="The log the key is for.")],
    alg: Annotated[
        Algorithm, typer.Option(help="ES256 works on every platform.")
    ] = Algorithm.ES256,
) -> None:
    """
    Tạo khóa ký. / Make a signing key.

    Prints what the authority needs to register it: the public key and the proof of possession.
    """
    key = SigningKey.generate(alg)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        typer.echo(f"{path} đã có, không ghi đè / {path} exists and is not overwritten", err=True)
        raise typer.Exit(2) from None
    except OSError as error:
        typer.echo(f"không ghi được {path} / cannot write {path}: {error.strerror}", err=True)
        raise typer.Exit(2) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.to_pem())
    told = {
        "kid": kid,
        "alg": key.verifying_key.alg.value,
        "spki": key.verifying_key.spki,
        "proof": possession_proof(key, origin, kid),
    }
    typer.echo(json.dumps(told, indent=1))
