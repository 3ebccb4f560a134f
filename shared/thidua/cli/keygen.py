"""``thidua keygen``: a key pair for a publisher."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from thidua.cli.keys import write_key
from thidua.identity import of_form
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
    of_form("kid", kid)
    of_form("origin", origin)
    key = SigningKey.generate(alg)
    write_key(path, key)
    told = {
        "kid": kid,
        "alg": key.verifying_key.alg.value,
        "spki": key.verifying_key.spki,
        "proof": possession_proof(key, origin, kid),
    }
    typer.echo(json.dumps(told, indent=1))
