"""The C# sample, step by step: its own texts and constants, followed here, make an event that is recorded."""

from __future__ import annotations

import json
import re
import uuid
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from tests.publishers.samples import APPOINTED, CSHARP, appointed
from tests.system.one_unit import AUTHORITY, ORIGIN

if TYPE_CHECKING:
    from tests.publishers.samples import Running

pytestmark = pytest.mark.publishers

SOURCE = CSHARP.read_text(encoding="utf-8")


def b64u(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def text(name: str, **values: object) -> str:
    """A raw string literal of the sample with its holes filled: ``var <name> = $$\"\"\"…{{hole}}…\"\"\";``."""
    [literal] = re.findall(rf'var {name} = \$\$"""(.+?)""";', SOURCE)
    holes = re.sub(r'Env\("(\w+)"\)', lambda env: env[1].lower(), literal)
    return re.sub(r"\{\{(\w+)\}\}", lambda hole: str(values[hole[1]]), holes)


@pytest.mark.parametrize("number", range(4))
def test_its_steps_make_an_event_that_is_recorded(running: Running, number: int) -> None:
    url = running.environment["THIDUA_URL"]
    kid, source = "LCA/csharp", "/units/LCA"
    # Step 1.
    head = httpx.get(f"{url}/v1/keys/{kid}/head?service=units").json()["heads"]["units"]
    seq, prev = head["seq"] + 1, head["hash"] or b64u(sha256(b"").digest())
    # Step 2.
    header = text("header", kid=kid)
    payload = text(
        "payload",
        id=uuid.uuid4(),
        source=source,
        type=APPOINTED,
        subject=AUTHORITY,
        time=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        origin=ORIGIN,
        seq=seq,
        prev=prev,
        data=appointed(f"csharp-{number}"),
    )
    assert json.loads(payload)["seq"] == number + 1
    signing_input = f"{b64u(header.encode())}.{b64u(payload.encode())}"
    # Step 3.
    key = serialization.load_pem_private_key((running.folder / "csharp.pem").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    der = key.sign(signing_input.encode(), ec.ECDSA(hashes.SHA256()))
    r, s = utils.decode_dss_signature(der)
    [order] = re.findall(r'BigInteger\.Parse\("([0-9a-f]+)"', SOURCE)
    n = int(order, 16)
    signature = r.to_bytes(32, "big") + min(s, n - s).to_bytes(32, "big")
    # Steps 4 and 5.
    [path] = re.findall(r'HttpMethod\.Post, "([^"]+)"', SOURCE)
    [media] = re.findall(r'ContentType = new\("([^"]+)"\)', SOURCE)
    [(name, value)] = re.findall(r'Headers\.Add\("(\w+)", "([^"]+)"\)', SOURCE)
    told = httpx.post(
        url + path,
        content=f"{signing_input}.{b64u(signature)}",
        headers={"content-type": media, name: value},
        timeout=30,
    ).json()
    assert told["outcome"] == "recorded", told
    assert told["hash"] == b64u(sha256(signing_input.encode()).digest())


def test_it_reads_only_members_that_the_doors_answers_have(running: Running) -> None:
    read = set(re.findall(r'Text\(told, "(\w+)"\)', SOURCE))
    refused = httpx.get(f"{running.environment['THIDUA_URL']}/v1/refusals/ALREADY_DONE").json()
    receipt = {"hash", "position", "outcome", "rx", "receipt"}
    assert read <= receipt | refused.keys()
