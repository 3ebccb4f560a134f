"""``thidua personal commit``: a name becomes a commitment on the screen, and opens it from the signed file alone."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from thidua.cli.app import app
from thidua.cli.personal import NoValueError
from thidua.signing import Algorithm, SigningKey
from thidua.vault import DisclosureError, read_disclosure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

KEY = SigningKey.generate(Algorithm.ES256)
NAME = "Nguyễn Thị Sông Hương"


@pytest.fixture
def commit(tmp_path: Path) -> Callable[..., Result]:
    key = tmp_path / "lca.pem"
    key.write_bytes(KEY.to_pem())
    words = ["personal", "commit", str(tmp_path / "person.jws"), "--keep-until", "2027-12-31"]
    words += ["--basis", "Điều 13", "--key-file", str(key), "--kid", "LCA/1"]
    words += ["--source", "/units/LCA", "--origin", "so.example.vn/p0"]

    def run(said: str | bytes = NAME, subject: str = "BVHTTDL") -> Result:
        raw = said if isinstance(said, bytes) else said.encode()
        return CliRunner().invoke(app, [*words, "--subject", subject], input=raw + b"\n")

    return run


def test_the_screen_shows_the_commitment_and_the_file_opens_it(
    commit: Callable[..., Result], tmp_path: Path
) -> None:
    told = commit(unicodedata.normalize("NFD", NAME))
    assert told.exit_code == 0, told.output
    made = json.loads(told.stdout)
    read, parsed = read_disclosure((tmp_path / "person.jws").read_bytes())
    parsed.verify(KEY.verifying_key)
    [row] = read.rows
    assert (row.ref, row.commitment, row.value) == (made["ref"], made["commitment"], NAME)
    assert row.holds
    assert not any(one in told.output for one in (NAME, row.salt))


@pytest.mark.parametrize("said", ["", "  ", b"\xff\xfeN\0"])
def test_nothing_on_standard_input_or_another_encoding_is_named_and_nothing_is_written(
    said: str | bytes, tmp_path: Path, commit: Callable[..., Result]
) -> None:
    told = commit(said)
    assert told.exit_code
    assert isinstance(told.exception, NoValueError)
    assert not (tmp_path / "person.jws").exists()


def test_no_two_commitments_to_one_name_are_alike(
    commit: Callable[..., Result], tmp_path: Path
) -> None:
    made = []
    for _ in range(2):
        made.append(json.loads(commit().stdout))
        (tmp_path / "person.jws").unlink()
    assert made[0]["commitment"] != made[1]["commitment"]
    assert made[0]["ref"] != made[1]["ref"]


@pytest.mark.parametrize(
    ("said", "subject"), [("a\0b", "BVHTTDL"), ("a\tb", "BVHTTDL"), (NAME, "x y")]
)
def test_what_cannot_be_handed_in_is_named_and_no_file_is_written(
    commit: Callable[..., Result], tmp_path: Path, said: str, subject: str
) -> None:
    assert isinstance(commit(said, subject).exception, DisclosureError)
    assert not (tmp_path / "person.jws").exists()


def test_an_existing_file_is_never_written_over(
    commit: Callable[..., Result], tmp_path: Path
) -> None:
    commit()
    before = (tmp_path / "person.jws").read_bytes()
    assert commit().exit_code == 2
    assert (tmp_path / "person.jws").read_bytes() == before
