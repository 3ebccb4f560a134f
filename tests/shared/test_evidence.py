"""What a key says of a file is good for that purpose alone; whatever else is sent is one named error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thidua.errors import MalformedError
from thidua.evidence import (
    DownloadStatement,
    EvidenceFileError,
    UploadStatement,
    heard,
    say,
    upload_of,
)
from thidua.signing import Algorithm, SigningKey, parse_jws, sign

KEY = SigningKey.generate(Algorithm.EDDSA)
UPLOAD = UploadStatement(
    aud="so.test/p0",
    unit="LCA",
    subject="BVHTTDL/BGPB/2021",
    hash="ab" * 32,
    size=10,
    name="Báo cáo.pdf",
    exp=1_700_000_000,
)
DOWNLOAD = DownloadStatement(aud="so.test/p0", hash="ab" * 32, exp=1_700_000_000)


def test_a_statement_is_heard_as_it_was_said() -> None:
    statement, jws = heard(say(UPLOAD, KEY, "LCA/1"), UploadStatement)
    jws.verify(KEY.verifying_key)
    assert (statement, jws.kid) == (UPLOAD, "LCA/1")


def test_a_statement_for_one_purpose_serves_no_other() -> None:
    with pytest.raises(MalformedError, match="typ"):
        heard(say(DOWNLOAD, KEY, "LCA/1"), UploadStatement)
    with pytest.raises(MalformedError, match="typ"):
        heard(say(UPLOAD, KEY, "LCA/1"), DownloadStatement)
    with pytest.raises(MalformedError, match="typ"):
        heard(f"Thidua {sign(b'{}', KEY, 'LCA/1')}", UploadStatement)
    with pytest.raises(MalformedError, match="typ"):
        parse_jws(say(UPLOAD, KEY, "LCA/1").partition(" ")[2])


MEMBERS = UPLOAD.model_dump(mode="json")


@pytest.mark.parametrize(
    "changed",
    [
        {"hash": "AB" * 32},
        {"hash": "../../etc"},
        {"unit": "../LCA"},
        {"subject": "BVHTTDL/BGPB/../x"},
        {"subject": "BVHTTDL"},
        {"size": 0},
        {"size": "10"},
        {"size": True},
        {"name": ""},
        {"exp": 1.5},
        {"more": 1},
    ],
)
def test_a_statement_with_a_member_that_is_not_as_it_must_be_names_it(
    changed: dict[str, Any],
) -> None:
    payload = json.dumps({**MEMBERS, **changed}).encode()
    header = f"Thidua {sign(payload, KEY, 'LCA/1', 'thidua-upload+jws')}"
    with pytest.raises(MalformedError, match=next(iter(changed))):
        heard(header, UploadStatement)


@given(st.one_of(st.none(), st.text(max_size=300), st.binary(max_size=200).map(repr)))
def test_no_header_whatever_is_another_error_than_the_named_one(header: str | None) -> None:
    for given_header in (header, f"Thidua {header}"):
        with pytest.raises(MalformedError):
            heard(given_header, UploadStatement)


@given(st.binary(max_size=200))
def test_no_payload_whatever_is_another_error_than_the_named_one(payload: bytes) -> None:
    header = f"Thidua {sign(payload, KEY, 'LCA/1', 'thidua-download+jws')}"
    with pytest.raises(MalformedError):
        heard(header, DownloadStatement)


def test_a_file_is_said_of_by_its_hash_and_own_name(tmp_path: Path) -> None:
    path = tmp_path / "bao-cao.pdf"
    path.write_bytes(b"abc")
    said = upload_of(path, aud="so.test/p0", unit="LCA", subject="BVHTTDL/BGPB/2021", exp=1)
    assert (said.name, said.size) == ("bao-cao.pdf", 3)
    assert said.hash == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("name", "unit"),
    [("missing.pdf", "LCA"), ("no-ending", "LCA"), ("empty.pdf", "LCA"), ("a.pdf", "lca")],
)
def test_what_cannot_be_put_forward_is_said_before_anything_is_sent(
    tmp_path: Path, name: str, unit: str
) -> None:
    for there, content in (("no-ending", b"x"), ("empty.pdf", b""), ("a.pdf", b"x")):
        (tmp_path / there).write_bytes(content)
    with pytest.raises(EvidenceFileError):
        upload_of(tmp_path / name, aud="so.test/p0", unit=unit, subject="A1/B1/2021", exp=1)
