"""The signed note of the read models' fingerprints: what it says is read back, with and without versions."""

from __future__ import annotations

from functools import cache

import pytest

from services.reporting.fingerprint import versions
from thidua.signing import Algorithm, SigningKey
from thidua.tlog.faults import ArchiveFaultError
from thidua.tlog.notes import NoteSigner
from thidua.tlog.prints import PublishedPrints, compare, read_prints

ORIGIN = "log.example.vn/p0"
A, B = "a" * 64, "b" * 64
FIRST, SECOND = "1-0123456789abcdef", "2-0123456789abcdef"


@cache
def signer() -> NoteSigner:
    return NoteSigner(ORIGIN, SigningKey.generate(Algorithm.EDDSA))


def noted(text: str) -> str:
    return f"{text}\n{signer().line(text)}"


def test_a_note_names_the_version_of_every_read_model_and_is_read_back() -> None:
    of = versions()
    published = PublishedPrints(ORIGIN, 7, dict.fromkeys(of, A), of)
    assert f"secret-ballots-{of['secret-ballots']} {A}\n" in published.text
    assert read_prints(published.signed(signer()), signer().public) == published


def test_a_note_from_before_versions_were_named_is_read_without_any() -> None:
    text = f"{ORIGIN}\nread-models\n7\nranking {A}\nsecret-ballots {B}\n"
    read = read_prints(noted(text), signer().public)
    assert read == PublishedPrints(ORIGIN, 7, {"ranking": A, "secret-ballots": B})
    assert read.text == text


@pytest.mark.parametrize(
    "line", [f"ranking {A}\nranking {B}", f"ranking-{FIRST} {A}\nranking-{SECOND} {A}", "ranking"]
)
def test_a_read_model_named_twice_or_without_a_fingerprint_is_no_published_figure(
    line: str,
) -> None:
    with pytest.raises(ArchiveFaultError):
        read_prints(noted(f"{ORIGIN}\nread-models\n7\n{line}\n"), signer().public)


@pytest.mark.parametrize(
    ("published", "version", "is_differing"),
    [(B, FIRST, True), (B, SECOND, False), (A, SECOND, False), (B, None, False)],
)
def test_only_what_both_project_the_same_way_can_differ(
    published: str, version: str | None, is_differing: bool
) -> None:
    of = {"ranking": version} if version else {}
    found = compare(
        PublishedPrints(ORIGIN, 7, {"ranking": published}, of), {"ranking": A}, {"ranking": FIRST}
    )
    assert (found.equal, found.differing) == ((), ("ranking",) if is_differing else ())
    assert set(found.unlike) == (set() if is_differing else {"ranking"})


def test_read_models_of_one_side_only_are_said_to_be_so() -> None:
    found = compare(
        PublishedPrints(ORIGIN, 7, {"old": A}, {"old": FIRST}), {"new": A}, {"new": FIRST}
    )
    assert (found.equal, found.differing) == ((), ())
    assert {name: why.en for name, why in found.unlike.items()} == {
        "old": "published only",
        "new": "in this release only",
    }
