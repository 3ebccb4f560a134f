"""A voter at the command line: prepare, test or cast, and find the ballot in the box."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.ballots.clients.house import CYCLE
from tests.ballots.clients.town import BALLOT, Town, done, said
from thidua.contracts import secret_ballots as s
from thidua.custody.voter import VoterDesk
from thidua.log.entry import read_entry
from thidua.receipts import Receipt, hash_in, sign_receipt, tracker_in
from thidua.signing import Algorithm, SigningKey

if TYPE_CHECKING:
    from tests.ballots.clients.people import Person, Told


def prepared(person: Person, text: str = '{"SOA": "yes"}') -> str:
    """The tracker of a ballot that waits."""
    (person.folder / "choices.json").write_text(text)
    options = ("--choices", "choices.json", "--prepare", "--json")
    told = done(person.secretly("ballot", "cast", CYCLE, BALLOT, *options))
    assert told.document["cast"] is False
    tracker: str = told.document["tracker"]
    return tracker


def test_a_voter_answers_questions_sees_the_tracker_and_casts(opened: Town) -> None:
    told = opened.people["SOA"].secretly("ballot", "cast", CYCLE, BALLOT, keyboard="d\nk\ny\n")
    assert told.code == 0, told
    [vote] = said(opened, s.SecretVoteCast)
    assert f"Mã tra cứu / tracker\t{vote.tracker}" in told.out
    for shown in ("Sở A (SOA)", "vắng mặt tính như không đồng ý", "Phiếu kín: chỉ tổng số được mở"):
        assert shown in told.err
    for word in ("yes", "đồng ý\n"):
        assert word not in told.out


def test_a_voter_who_says_no_at_the_end_has_sent_nothing(opened: Town) -> None:
    told = opened.people["SOA"].secretly("ballot", "cast", CYCLE, BALLOT, keyboard="d\n\nn\n")
    assert (told.code, said(opened, s.SecretVoteCast)) == (0, [])
    assert "Đã lập, chưa gửi" in told.out


def test_a_prepared_ballot_is_cast_by_its_tracker_and_found_in_the_box(opened: Town) -> None:
    tracker = prepared(opened.people["SOB"])
    before = opened.people["SOB"].run("ballot", "check", CYCLE, BALLOT, tracker, "--json")
    assert (before.code, before.document["in_box"]) == (5, False)
    done(opened.people["SOB"].run("ballot", "cast", CYCLE, BALLOT, tracker))
    again = done(opened.people["SOB"].run("ballot", "cast", CYCLE, BALLOT, tracker, "--json"))
    assert again.document["sequence"] == 1
    assert [vote.tracker for vote in said(opened, s.SecretVoteCast)] == [tracker]
    found = done(opened.people["SOC"].run("ballot", "check", CYCLE, BALLOT, tracker, "--json"))
    assert (found.document["unit"], found.document["counts"]) == ("SOB", True)


def test_a_later_vote_replaces_an_earlier_one_and_check_says_so(opened: Town) -> None:
    first = opened.vote("SOC", '{"SOA": "yes"}')
    second = opened.vote("SOC", '{"SOA": "no"}')
    checked = {
        tracker: done(opened.people["SOC"].run("ballot", "check", CYCLE, BALLOT, tracker, "--json"))
        for tracker in (first, second)
    }
    assert [one.document["counts"] for one in checked.values()] == [False, True]
    newest = done(opened.people["SOC"].run("ballot", "check", CYCLE, BALLOT, "--json"))
    assert newest.document["tracker"] == second


def receipt_for(town: Town, tracker: str) -> Receipt:
    """What the door vouches for about the vote of this tracker."""
    entries = [read_entry(position, raw) for position, raw in enumerate(town.house.raw, 1)]
    [entry] = [one for one in entries if tracker_in(one) == tracker]
    return Receipt.of(town.house.origin, hash_in(entry), entry)


def check_with(town: Town, receipt: Receipt, *more: str, key: SigningKey | None = None) -> Told:
    """``ballot check`` with that receipt as the door signs it, or another *key*."""
    door = key or town.house.founding.services["door"]
    (town.people["SOC"].folder / "receipt.jws").write_text(sign_receipt(receipt, door))
    words = ("ballot", "check", CYCLE, BALLOT, *more, "--receipt", "receipt.jws", "--json")
    return town.people["SOC"].run(*words)


def test_the_receipt_of_a_vote_names_its_tracker_and_leads_to_the_vote_in_the_box(
    opened: Town,
) -> None:
    tracker = opened.vote("SOB", '{"SOA": "yes"}')
    receipt = receipt_for(opened, tracker)
    assert receipt.tracker == tracker
    told = done(check_with(opened, receipt))
    assert (told.document["tracker"], told.document["event"]) == (tracker, receipt.hash)
    done(check_with(opened, receipt, tracker))
    assert check_with(opened, receipt, "A" * 43).code == 4
    elsewhere = check_receipt_at_home(opened)
    assert (elsewhere.code, elsewhere.document["tracker"]) == (0, tracker)


def check_receipt_at_home(town: Town) -> Told:
    spki = town.house.founding.services["door"].verifying_key.spki
    words = ("receipt", "check", "receipt.jws", "--door-key", spki, "--json")
    return town.people["SOC"].run(*words)


def test_a_voter_publishes_that_it_found_its_vote_and_no_other_units(opened: Town) -> None:
    tracker = opened.vote("SOB", '{"SOA": "yes"}')
    words = ("ballot", "check", CYCLE, BALLOT, tracker, "--confirm", "--json")
    other = opened.people["SOC"].run(*words)
    assert (other.code, said(opened, s.TrackerChecked)) == (3, [])
    assert "chỉ đơn vị đó xác nhận" in other.err
    for _again in range(2):
        told = done(opened.people["SOB"].run(*words))
        assert (told.document["tracker"], told.document["event"]["state"]) == (tracker, "recorded")
        assert said(opened, s.TrackerChecked) == [s.TrackerChecked(ballot=BALLOT, tracker=tracker)]
    missing = (*words[:4], "A" * 43, "--confirm")
    assert opened.people["SOB"].run(*missing).code == 5
    assert len(said(opened, s.TrackerChecked)) == 1


def test_a_receipt_that_the_log_does_not_keep_is_evidence_and_never_exit_0(opened: Town) -> None:
    first, second = opened.vote("SOA", '{"SOA": "yes"}'), opened.vote("SOB", '{"SOA": "no"}')
    receipt = receipt_for(opened, first)
    for broken in (
        {"tracker": second},
        {"tracker": "A" * 43},
        {"position": receipt.position + 1},
        {"entry_hash": "a" * 43},
        {"hash": receipt_for(opened, second).hash},
        {"tracker": None},
        {"origin": "so.khac/p0"},
    ):
        told = check_with(opened, receipt.model_copy(update=broken))
        assert (told.code, "Traceback" in told.err) == (4, False), broken
    ahead = receipt.model_copy(update={"position": len(opened.house.raw) + 1})
    assert check_with(opened, ahead).code == 7
    assert check_with(opened, receipt, key=SigningKey.generate(Algorithm.EDDSA)).code == 4
    (opened.people["SOC"].folder / "receipt.jws").write_text("xin chào")
    words = ("ballot", "check", CYCLE, BALLOT, "--receipt", "receipt.jws")
    assert opened.people["SOC"].run(*words).code == 3


def test_a_challenged_ballot_shows_its_choices_to_another_device_and_is_never_cast(
    opened: Town,
) -> None:
    voter, device = opened.people["SOA"], opened.people["SOC"]
    tracker = prepared(voter, '{"SOA": "no", "SOB": "yes"}')
    shown = device.folder / "challenge.json"
    done(voter.secretly("ballot", "challenge", CYCLE, BALLOT, tracker, "--to", str(shown)))
    told = done(
        device.run("ballot", "check", CYCLE, BALLOT, "--challenge", "challenge.json", "--json")
    )
    assert told.document["choices"] == {"SOA": "no", "SOB": "yes"}
    assert told.document["tracker"] == tracker
    refused = voter.run("ballot", "cast", CYCLE, BALLOT, tracker)
    assert (refused.code, said(opened, s.SecretVoteCast)) == (3, [])
    assert "không bao giờ được gửi / was opened and is never cast" in refused.err


def test_a_cast_ballot_is_never_opened(opened: Town) -> None:
    tracker = opened.vote("SOA", '{"SOA": "yes"}')
    told = opened.people["SOA"].secretly(
        "ballot", "challenge", CYCLE, BALLOT, tracker, "--to", "challenge.json"
    )
    assert told.code == 3
    assert not (opened.people["SOA"].folder / "challenge.json").exists()


def test_a_client_that_encrypted_other_choices_is_caught_by_the_challenge(opened: Town) -> None:
    voter = opened.people["SOA"]
    prepared(voter)
    path = voter.folder / "challenge.json"
    done(voter.secretly("ballot", "challenge", CYCLE, BALLOT, "--to", str(path)))
    honest = json.loads(path.read_text())
    for lie in (
        {"choices": [[0, 0, 1], [1, 0, 0]]},
        {"seed": "00" * 32},
        {"election": honest["election"].replace("Sở A", "Sở B")},
        {"choices": [[0, 9, 1], [1, 0, 0]]},
        {"seed": "không"},
    ):
        path.write_text(json.dumps({**honest, **lie}))
        told = voter.run("ballot", "check", CYCLE, BALLOT, "--challenge", str(path))
        assert (told.code, "Traceback" in told.err) == (4, False), lie


@pytest.mark.parametrize(
    "text",
    ['{"XXX": "yes"}', '{"SOA": "maybe"}', '{"SOA": 1}', "[]", "{", ""],
)
def test_choices_that_make_no_vote_are_refused_without_being_repeated(
    opened: Town, text: str
) -> None:
    voter = opened.people["SOA"]
    (voter.folder / "choices.json").write_text(text)
    told = voter.secretly("ballot", "cast", CYCLE, BALLOT, "--choices", "choices.json", "--yes")
    assert (told.code, told.out) == (3, "")
    assert "maybe" not in told.err
    assert "XXX" not in told.err


def test_a_wrong_passphrase_is_named_and_nothing_is_prepared(opened: Town) -> None:
    voter = opened.people["SOA"]
    (voter.folder / "passphrase").write_text("một câu hoàn toàn khác\n")
    (voter.folder / "choices.json").write_text("{}")
    told = voter.secretly("ballot", "cast", CYCLE, BALLOT, "--choices", "choices.json", "--yes")
    assert (told.code, said(opened, s.SecretVoteCast)) == (3, [])
    assert "sai câu mật khẩu" in told.err


def test_after_the_opening_no_credential_is_made_and_after_the_closing_nothing_is_cast(
    opened: Town,
) -> None:
    late = opened.people["SOA"].secretly("ballot", "credential", CYCLE, BALLOT)
    assert (late.code, "the ballot is open" in late.err) == (3, True)
    tracker = prepared(opened.people["SOA"])
    opened.close()
    closed = opened.people["SOA"].run("ballot", "cast", CYCLE, BALLOT, tracker)
    assert closed.code == 3
    assert said(opened, s.SecretVoteCast) == []


def test_no_choice_seed_or_credential_is_left_in_plain_on_the_voters_disk_or_in_the_log(
    opened: Town,
) -> None:
    voter = opened.people["SOA"]
    opened.vote("SOA", '{"SOA": "yes", "SOB": "no"}')
    secret = _credential(voter)
    assert len(secret) == 19
    files = [path for path in voter.folder.rglob("*") if path.is_file()]
    for raw in [*(path.read_bytes() for path in files), *opened.house.raw]:
        assert secret.encode() not in raw
        assert b'"choices":[[' not in raw
        assert b'"seed"' not in raw
    kept = [
        path for path in files if path.suffix in (".sealed", ".jsonl") and "custody" in str(path)
    ]
    assert kept
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept)


def _credential(person: Person) -> str:
    """The secret credential as its voter's desk opens it."""
    [folder] = person.folder.glob("custody/*/voter")
    words = (person.folder / "passphrase").read_text().strip()
    return VoterDesk(folder, bytes).credential_text(words)
