"""A secret ballot as clients and readers see it: set-up, box and keys over the API, and never a choice."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from services.reporting.database import open_engine
from services.reporting.following import Projector
from tests.ballots.decisions.year_2020 import CHAIR, UNITS
from tests.ballots.secret.phieu_kin import NAME, Held, draft, drafted, is_open
from tests.reporting.entries import CYCLE, Entries
from tests.reporting.web.conftest import site_on
from thidua.contracts import ballots as b
from thidua.voting.archive import roll_text
from thidua.voting.election import read_election
from thidua.voting.group import BELENIOS_2048
from thidua.voting.trustees import read_trustees
from thidua.voting.verifying import read_roll

if TYPE_CHECKING:
    from pathlib import Path

BALLOT = f"/v1/cycles/{CYCLE}/ballots/{NAME}"


@cache
def counted() -> Held:
    held = is_open().all_vote(dict.fromkeys(UNITS, ("LCA", "LSN")))
    held.all_vote({"CBG": ("LCA",)}).closed().counted()
    second = draft("chair", "LCA", ballot="phieu-2", uuid="EwLZiBDiuUsXo5", keys_of=NAME)
    drafted(second, story=held.story)
    unmade = draft("deputy", "HGI", ballot="phieu-3", uuid="FwLZiBDiuUsXo5")
    drafted(unmade, story=held.story)
    void = b.BallotVoided(ballot="phieu-3", reason="Chia lại người giữ khóa")
    held.story.when("2020-11-21 10:00", CHAIR, void)
    return held


def entries(held: Held) -> Entries:
    log = Entries()
    for event in held.story.events:
        local = (event.rx + timedelta(hours=7)).strftime("%Y-%m-%d %H:%M")
        log.says(event.source, event.data, event.subject, local)
    return log


@pytest.fixture
async def reader(tmp_path: Path) -> Any:
    engine = open_engine(f"sqlite:///{tmp_path}/read.sqlite3")
    projector = Projector(engine)
    projector.start()
    projector.apply(entries(counted()).raw)
    transport = httpx.ASGITransport(site_on(engine))
    async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
        yield client
    engine.dispose()


async def data(reader: httpx.AsyncClient, path: str) -> Any:
    answer = await reader.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def test_a_client_learns_the_whole_set_up_and_recomputes_it(
    reader: httpx.AsyncClient,
) -> None:
    told = await data(reader, f"{BALLOT}/election")
    election = read_election(told["election"])
    trustees = read_trustees(BELENIOS_2048, told["trustees"])
    assert told["fingerprint"] == election.fingerprint
    assert trustees.election_key(BELENIOS_2048) == election.key
    assert read_roll(election, told["credentials"]) == {
        int(one) for one in told["registered"].values()
    }
    assert told["credentials"] == roll_text([int(one) for one in told["registered"].values()])
    assert (told["state"], told["counted"], told["result"]) == ("counted", 7, [[0, 7, 0, 6]])
    assert (told["drilled"], sorted(told["decryptions"])) == ([1, 2, 3, 4, 5], ["1", "3", "5"])


async def test_a_ballot_that_keeps_its_keys_shows_the_same_trustees(
    reader: httpx.AsyncClient,
) -> None:
    first = await data(reader, f"{BALLOT}/election")
    second = await data(reader, f"/v1/cycles/{CYCLE}/ballots/phieu-2/election")
    assert second["state"] == "fixed"
    assert second["trustees"] == first["trustees"]
    assert second["fingerprint"] != first["fingerprint"]
    assert second["credentials"] is None


async def test_every_voter_finds_its_tracker_and_sees_which_vote_counts(
    reader: httpx.AsyncClient,
) -> None:
    told = await data(reader, f"{BALLOT}/trackers")
    assert [one["unit"] for one in told] == [*UNITS, "CBG"]
    assert [one["counts"] for one in told] == [True] * 6 + [False, True]
    cast = counted().story.state.elections[NAME].votes["CBG"]
    assert [one["tracker"] for one in told[-2:]] == [vote.tracker for vote in cast]


async def test_the_key_generation_is_shown_by_trustee(reader: httpx.AsyncClient) -> None:
    told = await data(reader, f"{BALLOT}/key-generation")
    assert [one["owner"] for one in told] == [1, 2, 3, 4, 5]
    assert [one["decrypted"] for one in told] == [True, False, True, False, True]
    assert all(one["published"] and one["sealed"] and one["confirmed"] for one in told)


async def test_a_draft_that_was_voided_is_told_and_is_no_ballot(
    reader: httpx.AsyncClient,
) -> None:
    told = await data(reader, f"/v1/cycles/{CYCLE}/ballots/phieu-3/election")
    assert (told["state"], told["void_reason"]) == ("void", "Chia lại người giữ khóa")
    ballots = await data(reader, f"/v1/cycles/{CYCLE}/ballots")
    assert [one["ballot"] for one in ballots] == [NAME]
    for missing in ("election", "trackers", "key-generation"):
        answer = await reader.get(f"/v1/cycles/{CYCLE}/ballots/khac/{missing}")
        assert answer.status_code == 404


async def test_the_page_of_a_secret_ballot_shows_figures_fingerprint_and_every_tracker(
    reader: httpx.AsyncClient,
) -> None:
    told = await data(reader, f"{BALLOT}/election")
    trackers = await data(reader, f"{BALLOT}/trackers")
    for start in ("", "/en"):
        answer = await reader.get(f"{start}/nam/{CYCLE}/bo-phieu/{NAME}")
        assert answer.status_code == 200, answer.text
        assert escape(told["fingerprint"]) in answer.text
        for one in trackers:
            assert escape(one["tracker"]) in answer.text


async def test_the_year_and_its_timeline_are_shown_with_a_secret_ballot_in_them(
    reader: httpx.AsyncClient,
) -> None:
    for path in (f"/nam/{CYCLE}", f"/nam/{CYCLE}/bo-phieu", "/su-kien"):
        answer = await reader.get(path)
        assert answer.status_code == 200, path
