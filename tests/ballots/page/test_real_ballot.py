"""The seed year's conference votes on the flag by secret ballot; one unit does all of its part in Chromium."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from secrets import randbelow
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from services.sandbox import Sandbox, sandbox
from services.scenarios.format import read_scenario
from services.scenarios.hands import Custody, Voters
from tests.ballots.page.browser import Browser
from tests.ballots.secret.phieu_kin import draft
from tests.conftest import SEED
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.contracts import units as u
from thidua.knowledge import recorded_event
from thidua.publishing import DoorClient
from thidua.receipts import parse_receipt
from thidua.voting.ballots import read_ballot
from thidua.voting.election import read_election
from thidua.voting.tally import tally_in

if TYPE_CHECKING:
    from pathlib import Path

    from services.player import Player
    from thidua.contracts import EventData

pytestmark = pytest.mark.page

CYCLE: Final = "BVHTTDL/BGPB/2020"
NAME: Final = "phieu-kin"
OPENED: Final = "thidua.ballots.ballot-opened.v1"
MORNING: Final = datetime.fromisoformat("2020-11-21T08:50:00+07:00")
CLOSES: Final = datetime.fromisoformat("2020-11-21T10:00:00+07:00")
BY_HAND: Final = dict.fromkeys(("LCH", "LSN", "SLA", "HGI", "DBN"), (0, 1, 1, 0))


@dataclass
class Conference:
    """The sandbox on the morning of the conference, and everybody's hands but those of who sits at the page."""

    box: Sandbox
    player: Player
    now: datetime = MORNING
    told: list[Any] = field(default_factory=list)

    def say(self, publisher: str, data: EventData, subject: str = CYCLE) -> None:
        """Publish, a second later than the last time; it must be recorded."""
        self.now += timedelta(seconds=1)
        signer = self.player._publishers[publisher]
        # The page may have signed with the same key in between.
        signer.heads["ballots"] = self.player.door.head(signer.kid, "ballots")
        jws = signer.sign(data.TYPE, subject, data.model_dump(mode="json"), time=self.now)
        reply = self.player.deliver(jws, self.now)
        assert reply.outcome == "recorded", reply.document
        signer.entered(data.TYPE, jws)

    def events(self, kind: type[EventData]) -> list[Any]:
        """What of that kind is recorded."""
        recorded = [entry for entry in self.box.entries() if entry.is_recorded]
        found = [recorded_event(entry) for entry in recorded]
        return [event for event in found if isinstance(event.data, kind)]

    @property
    def page(self) -> str:
        """The page of the ballot."""
        return f"{self.box.system.url('ballots')}/bo-phieu?nam={CYCLE}&phieu={NAME}"


@pytest.fixture(scope="module")
def conference(tmp_path_factory: pytest.TempPathFactory) -> Any:
    whole = read_scenario(SEED)
    until = next(at for at, line in enumerate(whole.lines) if line.type == OPENED)
    scenario = replace(whole, lines=whole.lines[:until], numbers=whole.numbers[:until])
    with sandbox(scenario, tmp_path_factory.mktemp("page")) as box:
        door = DoorClient(box.system.url("door"))
        player = box.player(door)
        player.play()
        yield Conference(box, player)
        door.close()


def test_a_unit_registers_votes_and_votes_again_in_the_browser_and_is_counted(
    conference: Conference, tmp_path: Path
) -> None:
    say = conference.say
    drafted = draft(conference="tong-ket-2020")
    say("LCH", drafted)
    trustees = Custody(drafted, randbelow)
    for message in trustees.key_generation():
        say(trustees.source(message.owner).rsplit("/", 1)[-1], message)
    [fixed] = conference.events(s.ElectionFixed)
    election = read_election(fixed.data.election)
    key = tmp_path / "LCA.pem"
    key.write_bytes(conference.player._publishers["LCA"].key.to_pem())

    with Browser(tmp_path) as browser:
        code = registered(browser, conference, key)
        voters = Voters(NAME, drafted.uuid, randbelow)
        for unit in BY_HAND:
            say(unit, voters.register(unit))
        for seat in trustees.seats:
            passed = trustees.drill(NAME, election.uuid, election.fingerprint, seat.owner)
            say(seat.source.rsplit("/", 1)[-1], passed)
        opening = {
            "ballot": NAME,
            "conference": "tong-ket-2020",
            "about": "co-bo",
            "for_year": None,
        }
        opening |= {"mode": "secret", "nominees": drafted.nominees, "closes": CLOSES}
        say("LCH", b.BallotOpened.model_validate(opening))
        for unit, choice in BY_HAND.items():
            say(unit, voters.vote(unit, election, [choice]))
        first = cast(browser, conference, code, key, ["q0-blank"])
        second = cast(browser, conference, code, key, ["q0-0", "q0-1", "q0-2"])
        confirmed(browser, conference, key, second, tmp_path)
        assert browser.faults == []

    mine = [event for event in conference.events(s.SecretVoteCast) if event.unit == "LCA"]
    assert [event.data.tracker for event in mine] == [first, second]
    assert [event.data.sequence for event in mine] == [1, 2]
    assert read_ballot(election, mine[1].data.vote).tracker == second
    [said] = conference.events(s.TrackerChecked)
    assert (said.unit, said.data) == ("LCA", s.TrackerChecked(ballot=NAME, tracker=second))

    conference.now = CLOSES + timedelta(minutes=1)
    say("BVHTTDL", u.ClockAdvanced(to=conference.now + timedelta(minutes=1)), "BVHTTDL")
    [closed] = until(lambda: conference.events(s.TallyEncrypted))
    tally = tally_in(closed.data.tally, closed.data.counted)
    for owner in (1, 3, 5):
        part = trustees.decrypt(NAME, election, tally, owner)
        say(trustees.source(owner).rsplit("/", 1)[-1], part)
    [result] = conference.events(s.ResultPublished)
    assert (result.data.counted, result.data.result) == (6, ((0, 6, 6, 1),))
    shown_as_checked(conference, "1/6")
    conference.box.rejudge(conference.box.entries())
    nothing_kept(
        conference, [code, code.replace("-", ""), "-----BEGIN", *key.read_text().split("\n")[1:3]]
    )


def registered(browser: Browser, conference: Conference, key: Path) -> str:
    browser.open(conference.page.partition("?")[0])
    browser.shows("list")
    browser.run("document.querySelector('#running a').click()")
    browser.shows("register")
    assert browser.sees("sandbox")
    assert "Cờ thi đua" in browser.text("name")
    browser.choose_file("enrol-key", key)
    browser.click("enrol-send")
    browser.shows("made")
    code = browser.text("made-code")
    assert "mã mới này thay mã đó" not in browser.text("made")
    browser.click("kept")
    browser.click("enrol-send")
    browser.shows("done")
    assert [event.unit for event in conference.events(s.CredentialRegistered)] == ["LCA"]
    return code


def cast(browser: Browser, conference: Conference, code: str, key: Path, marked: list[str]) -> str:
    browser.open(conference.page)
    browser.shows("choose")
    for option in marked:
        browser.click(option)
    browser.click_submit("questions")
    browser.shows("confirm")
    browser.click("code")
    browser.type(code)
    browser.shows("ready")
    browser.choose_file("key", key)
    browser.click("send")
    browser.shows("done")
    link = browser.run("document.querySelector('#receipt a').href")
    assert httpx.get(link).json()["outcome"] == "recorded"
    link = browser.run("document.querySelector('#receipt a[download]').href")
    signed = parse_receipt(httpx.get(link).text)
    assert signed.receipt.tracker == browser.text("tracker")
    return browser.text("tracker")


def found(browser: Browser, conference: Conference, tracker: str) -> None:
    """Come back and look for the vote."""
    browser.open(conference.page)
    browser.shows("choose")
    browser.click("voted")
    browser.click("sought")
    browser.type(tracker)
    browser.click("look-send")
    browser.shows("found")


def confirmed(
    browser: Browser, conference: Conference, key: Path, tracker: str, folder: Path
) -> None:
    """Come back with tracker and key, look for the vote and say that it was found; the second time it is known."""
    found(browser, conference, tracker)
    assert "được tính" in browser.text("found-title")
    browser.choose_file("check-key", key)
    browser.click("affirm-send")
    browser.shows("done")
    assert "Đã ghi xác nhận" in browser.text("done-title")
    browser.picture(folder / "da-xac-nhan.png")
    found(browser, conference, tracker)
    assert "không cần làm gì thêm" in browser.text("found")


def shown_as_checked(conference: Conference, figure: str) -> None:
    """The ballot's page and its counting minutes say of how many votes that count it was said."""
    page = f"{conference.box.system.url('reporting')}/nam/{CYCLE}/bo-phieu/{NAME}"
    for path in (page, f"{page}/bien-ban"):
        words = f"tìm thấy trong hòm: {figure}"
        until(lambda path=path, words=words: words in plain(httpx.get(path).text))


def plain(markup: str) -> str:
    """What is read on a page."""
    return " ".join(re.sub(r"<[^>]+>", "", markup).split())


def until(find: Any) -> Any:
    deadline = time.monotonic() + 20
    while not (found := find()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def nothing_kept(conference: Conference, secrets: list[str]) -> None:
    """Neither what stands in files under the sandbox nor the log holds a secret of the voter."""
    folder = conference.box.system.folder
    files = [path for path in folder.rglob("*") if path.is_file() and "keys" not in path.parts]
    assert files
    whole = b"\n".join(path.read_bytes() for path in files)
    whole += b"\n".join(entry.raw for entry in conference.box.entries())
    for secret in secrets:
        assert secret.encode() not in whole
