"""Service, store and trustees killed at every stage of a secret ballot: one count of one tally, or void by the rule."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest

from tests.ballots.clients.house import CYCLE
from tests.ballots.clients.town import BALLOT, DRAFT, OFFICES, done, said
from tests.ballots.kills.siege import SECRETLY, Siege, besieged, blows
from tests.shared.voting.test_belenios_tool import tool
from tests.system.searching import seen_in
from thidua.audit.secret import archives_in, hold_archives
from thidua.base64url import decode_base64url
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.contracts.units import ClockAdvanced
from thidua.custody.sealing import Cost, unseal
from thidua.custody.trustee import JOURNAL
from thidua.voting.canonical import hex_hash
from thidua.voting.credentials import open_credential
from thidua.voting.group import BELENIOS_2048
from thidua.voting.verifying import Verified, verify_archive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVERY: Final = frozenset(
    kind.TYPE
    for kind in (
        s.ElectionDrafted,
        s.TrusteeCommitted,
        s.TrusteePublished,
        s.TrusteeSharesSealed,
        s.TrusteeKeyConfirmed,
        s.TrusteeDrillPassed,
        s.CredentialRegistered,
        b.BallotOpened,
        s.SecretVoteCast,
        ClockAdvanced,
        s.PartiallyDecrypted,
        b.MinutesIssued,
        s.KeyShareDestroyed,
    )
)
"""The events that make the stages; box closed, tally, result and void follow from them at once."""
FEW: Final = frozenset({s.SecretVoteCast.TYPE, ClockAdvanced.TYPE, s.PartiallyDecrypted.TYPE})
LEFT: Final = {"BNV": OFFICES[0], "SOA": (), "SOB": ()}
"""Who is left: of each group as many as are needed."""
RESULT: Final = ((1, 1, 1), (0, 3, 0))


def up_to_the_closing(town: Siege) -> list[str]:
    """Keys, drill, credentials, votes, and the box closed; the trackers."""
    town.make_keys()
    town.confirm()
    town.register()
    town.open()
    trackers = town.vote_all()
    town.close()
    return trackers


def decrypt(town: Siege, name: str, *office: str) -> int:
    """The exit code of a trustee's part in the count."""
    words = ("trustee", "decrypt", CYCLE, town.ballot, *office)
    return town.people[name].secretly(*words).code


def counted_once(town: Siege, folder: Path, owners: set[int]) -> Verified:
    """The ballot at hand has one tally and one result, in the log and by its own proof."""
    entries = town.house.box.entries()
    town.house.box.rejudge(entries)
    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    for kind in (b.BallotClosed, s.TallyEncrypted, s.ResultPublished, b.TallyPublished):
        assert [one.ballot for one in said(town, kind)].count(town.ballot) == 1, kind
    parts = [one.owner for one in said(town, s.PartiallyDecrypted) if one.ballot == town.ballot]
    assert (len(parts), set(parts)) == (len(owners), owners)
    assert hold_archives(archives_in(entries)) == len(said(town, s.ElectionOpened))
    one_sum_each(town)
    path = folder / f"{town.draft['uuid']}.bel"
    folder.mkdir()
    sealed = str(town.house.archive.public)
    words = ("ballot", "export", f"{CYCLE}/{town.ballot}", sealed, "--policy", "policy.txt")
    done(town.people["SOC"].run(*words, "--out", str(path)))
    verified = verify_archive(path.read_bytes())
    assert verified.result == RESULT
    return verified


def one_sum_each(town: Siege) -> None:
    """No trustee's journal has ever begun a second sum of an election."""
    journals = list(town.folder.glob(f"*/custody/*/trustee-*/{JOURNAL}"))
    assert journals
    for path in journals:
        lines = [
            record for line in path.read_text().splitlines() for record in json.loads(line[9:])
        ]
        begun = [line["uuid"] for line in lines if line["op"] == "decrypting"]
        assert len(begun) == len(set(begun)), path


def all_fell(town: Siege, deaths: dict[str, int]) -> None:
    """Every blow that was meant to fall did, and each trustee was killed as often as it should be."""
    box = town.house.postbox
    assert box.faults == []
    left = {kind: [one for one in what if one] for kind, what in box.blows.items()}
    assert not any(left.values()), left
    assert {name: town.people[name].deaths for name in deaths} == deaths


@dataclass(frozen=True)
class Counted:
    """A ballot that was counted under blows, and what was found."""

    town: Siege
    verified: Verified
    trackers: list[str]


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counted]:
    folder = tmp_path_factory.mktemp("kills")
    with besieged(folder, random.Random(6), FEW, ("decrypt",), 1) as town:
        trackers = up_to_the_closing(town)
        for name, office in LEFT.items():
            assert decrypt(town, name, *office) == 0
        yield Counted(town, counted_once(town, folder / "bel", {1, 3, 4}), trackers)


def test_a_count_survives_kills_of_service_store_and_trustees_while_votes_and_parts_are_on_their_way(
    counted: Counted,
) -> None:
    assert set(counted.verified.trackers) == set(counted.trackers[1:])
    all_fell(counted.town, {"BNV": 1, "SOA": 1})


def test_no_passphrase_nor_what_it_seals_nor_the_key_it_gives_is_in_anything_that_the_services_keep(
    counted: Counted,
) -> None:
    town = counted.town
    secrets: set[int | str] = set()
    for person in town.people.values():
        secrets |= secrets_of(person.folder)
    assert len(secrets) == 50
    box = town.house.box
    for name, seen in seen_in(box.system.folder, box.system.redis_url).items():
        assert not seen.holds(secrets), name
        assert not seen.choices, name


def secrets_of(home: Path) -> set[int | str]:
    """A client's passphrase; of each of its sealed files the key that opens it, and the secrets within."""
    passphrase = (home / "passphrase").read_text().strip()
    found: set[int | str] = {passphrase}
    for path in home.rglob("*.sealed"):
        head = json.loads(path.read_bytes())
        cost = Cost(head["kdf"], head["memory_kib"], head["rounds"], head["lanes"])
        found.add(int.from_bytes(cost.key(passphrase, decode_base64url(head["salt"])), "big"))
        within = json.loads(unseal(path.read_bytes(), passphrase, head["what"]))
        match path.name:
            case "credential.sealed":
                found.add(within["credential"])
                uuid = head["what"].rpartition("/")[2]
                found.add(open_credential(BELENIOS_2048, uuid, within["credential"]).secret)
            case "share.sealed":
                found.add(int(within["share"]))
            case "party.sealed":
                seed = within["seed"]
                found |= {seed, *map(int, within["coefficients"])}
                found |= {int(hex_hash(f"{use}|{seed}"), 16) for use in ("sk", "dk")}
    return found


@pytest.mark.ballots
@pytest.mark.timeout(1800)
def test_killed_at_every_stage_with_a_trustee_of_each_group_gone_for_good_the_count_happens_once(
    tmp_path: Path,
) -> None:
    with besieged(tmp_path, random.Random(1), EVERY, SECRETLY) as town:
        trackers = up_to_the_closing(town)
        town.lose("BNV:2", "SOC:5")
        for name, office in LEFT.items():
            assert decrypt(town, name, *office) == 0
        verified = counted_once(town, tmp_path / "bel", {1, 3, 4})
        assert set(verified.trackers) == set(trackers[1:])
        checked = tool(tmp_path / "bel", "election", "verify", "--dir", ".")
        assert (checked.returncode, "all checks passed" in checked.stderr) == (0, True)
        town.minute()
        town.destroy(LEFT)
        assert {one.owner for one in said(town, s.KeyShareDestroyed)} == {1, 3, 4}
        all_fell(town, {"BNV": 6, "SOA": 6})
        assert town.house.box.outcome()["fingerprints_equal"]


@pytest.mark.ballots
@pytest.mark.timeout(1800)
def test_with_too_many_trustees_gone_the_ballot_is_void_by_the_rule_and_counted_when_it_is_repeated(
    tmp_path: Path,
) -> None:
    stages = frozenset({ClockAdvanced.TYPE, b.BallotVoided.TYPE})
    with besieged(tmp_path, random.Random(3), stages, ()) as town:
        town.say("SOA", "election-drafted", town.draft)
        done(town.people["SOC"].secretly("trustee", "init", CYCLE, BALLOT))
        town.lose("SOC:5")
        reason = "Một người giữ khóa mất khóa trước diễn tập"
        town.say("SOA", "ballot-voided", {"ballot": BALLOT, "reason": reason})

        town.draft = {**DRAFT, "ballot": "b-bk-2", "uuid": "CcDdEeFfGgHhJj"}
        up_to_the_closing(town)
        assert decrypt(town, "BNV", *OFFICES[0]) == 0
        assert decrypt(town, "SOA") == 0
        town.lose("SOB:4", "SOC:5")
        all_fell(town, {})
        town.house.postbox.blows = blows(
            town.house.box, random.Random(4), frozenset({ClockAdvanced.TYPE}), 1
        )
        town.pass_to(town.closes + timedelta(hours=48, seconds=1))
        all_fell(town, {})
        assert [one.ballot for one in said(town, b.BallotVoided)] == [BALLOT, "b-bk-2"]
        assert said(town, s.ResultPublished) == []
        assert decrypt(town, "BNV", *OFFICES[1]) == 3
        one_sum_each(town)

        town.draft = {**DRAFT, "ballot": "b-bk-3", "uuid": "DdEeFfGgHhJjKk"}
        up_to_the_closing(town)
        for name, office in LEFT.items():
            assert decrypt(town, name, *office) == 0
        counted_once(town, tmp_path / "bel", {1, 3, 4})
        assert [one.ballot for one in said(town, s.ResultPublished)] == ["b-bk-3"]
        all_fell(town, {})
