"""The page in Chromium: a unit looks for its vote in the box, and says signed that it found it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.ballots.page.desk import UNITS, Desk, desk
from tests.ballots.page.script import Script, ScriptFaultError
from tests.ballots.page.test_page import NAMES, cast, choose, give, key_file, legible
from thidua.contracts.secret_ballots import TrackerChecked
from thidua.refusals import Code, problem
from thidua.voting.canonical import short_hash
from thidua.voting.questions import approve, on_each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.ballots.page.browser import Browser

pytestmark = pytest.mark.page


def voted(browser: Browser, house: Desk, folder: Path, unit: str = "LCA") -> str:
    """Cast the unit's vote: its tracker, as it would be noted down."""
    choose(browser, house, "q0-0")
    give(browser, house, folder, unit)
    cast(browser)
    return browser.text("tracker")


def look(browser: Browser, house: Desk, typed: str) -> None:
    """Come back in a new tab and look for a tracker."""
    browser.open(house.url)
    browser.shows("choose")
    browser.click("voted")
    browser.shows("check")
    browser.click("sought")
    browser.type(typed)
    browser.click("look-send")


def said(house: Desk) -> list[TrackerChecked]:
    return [event for event in house.events if isinstance(event, TrackerChecked)]


def test_who_has_just_voted_finds_the_vote_and_confirms_it_with_one_press(
    clean: Browser, tmp_path: Path
) -> None:
    with desk(on_each(NAMES[:1])) as house:
        tracker = voted(clean, house, tmp_path)
        clean.click("look-up")
        clean.shows("found")
        assert clean.focus == "found-title"
        assert "Phiếu có trong hòm và được tính" in clean.text("found-title")
        assert "Sở VHTTDL Lào Cai (LCA), lần bỏ phiếu 1" in clean.text("found")
        assert not clean.sees("check-key")
        clean.click("affirm-send")
        clean.shows("done")
        assert clean.focus == "done-title"
        assert "Đã ghi xác nhận" in clean.text("done-title")
        assert said(house) == [TrackerChecked(ballot="co-thi-dua", tracker=tracker)]
        pem = key_file(house, "LCA", tmp_path).read_text().splitlines()[1:-1]
        sent = b"\n".join(house.bodies) + "\n".join(house.requests).encode()
        assert not any(line.encode() in sent for line in pem)
        assert (
            clean.run("localStorage.length + sessionStorage.length + document.cookie.length") == 0
        )


def test_who_comes_back_after_the_closing_confirms_by_keyboard_with_tracker_and_key(
    clean: Browser, tmp_path: Path
) -> None:
    with desk(on_each(NAMES[:1])) as house:
        tracker = voted(clean, house, tmp_path, "HGI")
        house.setup["state"] = "closed"
        clean.open(house.url)
        clean.shows("check")
        assert "Hòm phiếu đã đóng" in clean.text("refused")
        assert not clean.sees("check-back")
        clean.press("Tab")
        assert clean.focus == "sought"
        clean.type(f" {tracker[:20]} {tracker[20:]}\n")
        clean.press("Enter")
        clean.shows("found")
        assert clean.focus == "found-title"
        clean.press("Tab")
        assert clean.focus == "check-key"
        clean.choose_file("check-key", key_file(house, "HGI", tmp_path))
        clean.press("Tab")
        assert clean.focus == "affirm-send"
        clean.press("Enter")
        clean.shows("done")
        assert UNITS["HGI"] in clean.text("receipt")
        assert said(house) == [TrackerChecked(ballot="co-thi-dua", tracker=tracker)]
        assert clean.run("document.getElementById('check-key').value") == ""


def test_a_tracker_that_is_not_in_the_box_is_said_with_whom_to_tell_and_what_to_show(
    clean: Browser, tmp_path: Path
) -> None:
    with desk(on_each(NAMES[:1])) as house:
        tracker = voted(clean, house, tmp_path)
        link = clean.run("document.querySelector('#receipt a[download]').href")
        assert link.endswith("?signed=true")
        house.box.clear()
        look(clean, house, tracker)
        clean.shows("missing")
        assert clean.focus == "missing-title"
        told = clean.text("missing")
        for word in ("KHÔNG có phiếu nào", "vị trí 1", "Ban kiểm phiếu", "biên nhận có chữ ký"):
            assert word in told
        assert "Hòm còn mở: đơn vị bỏ lại được" in told
        command = "thidua ballot check BVHTTDL/BGPB/2026 co-thi-dua --receipt bien-nhan.jws"
        assert command in told
        assert not clean.sees("found")
        house.setup["state"] = "closed"
        clean.open(house.url)
        clean.shows("check")
        clean.click("sought")
        clean.type(tracker)
        clean.press("Enter")
        clean.shows("missing")
        assert "Hòm còn mở" not in clean.text("missing")
        assert said(house) == []


@pytest.mark.parametrize("typed", ["", "A" * 42, "A" * 44, "A" * 42 + "-", "mã của tôi"])
def test_what_is_no_tracker_is_said_at_the_field_and_not_looked_for(
    clean: Browser, typed: str
) -> None:
    with desk(on_each(NAMES[:1])) as house:
        look(clean, house, typed)
        clean.until("document.getElementById('sought-wrong').textContent")
        assert "43 ký tự" in clean.text("sought-wrong")
        assert clean.focus == "sought"
        assert not [one for one in house.requests if "hom.json" in one]


def test_a_vote_confirmed_before_is_not_confirmed_again(clean: Browser, tmp_path: Path) -> None:
    with desk(on_each(NAMES[:1])) as house:
        tracker = voted(clean, house, tmp_path)
        house.box[tracker] = replace(house.box[tracker], checked=True)
        look(clean, house, tracker)
        clean.shows("found")
        assert "đã xác nhận phiếu này; không cần làm gì thêm" in clean.text("found")
        assert not clean.sees("affirm-send")


def test_a_vote_confirmed_meanwhile_elsewhere_is_said_as_done_and_not_as_a_fault(
    browser: Browser, tmp_path: Path
) -> None:
    with desk(on_each(NAMES[:1])) as house:
        tracker = voted(browser, house, tmp_path)
        browser.click("look-up")
        browser.shows("found")
        house.box[tracker] = replace(house.box[tracker], checked=True)
        browser.click("affirm-send")
        browser.until("!document.getElementById('affirm').checkVisibility()")
        assert "đã xác nhận phiếu này; không cần làm gì thêm" in browser.text("found")
        assert browser.focus == "found-title"
        assert not browser.sees("refused")
        assert said(house) == []


@pytest.mark.parametrize(
    ("state", "words"),
    [("replaced", "Nếu đơn vị không bỏ lại thì báo ngay"), ("void", "cuộc bỏ phiếu đã hủy")],
)
def test_only_a_vote_that_counts_is_confirmed(
    clean: Browser, tmp_path: Path, state: Any, words: str
) -> None:
    with desk(on_each(NAMES[:1])) as house:
        tracker = voted(clean, house, tmp_path)
        house.box[tracker] = replace(house.box[tracker], state=state)
        look(clean, house, tracker)
        clean.shows("found")
        assert words in clean.text("found")
        assert not clean.sees("affirm-send")


def test_a_vote_is_confirmed_with_its_own_units_key_alone(clean: Browser, tmp_path: Path) -> None:
    with desk(on_each(NAMES[:1])) as house:
        look(clean, house, voted(clean, house, tmp_path))
        clean.shows("found")
        clean.click("affirm-send")
        clean.until("document.getElementById('check-key-wrong').textContent")
        assert "Hãy chọn tệp khóa" in clean.text("check-key-wrong")
        clean.choose_file("check-key", key_file(house, "HGI", tmp_path))
        clean.click("affirm-send")
        clean.until("document.getElementById('check-key-wrong').textContent.includes('chỉ đơn vị')")
        assert clean.focus == "check-key"
        assert said(house) == []
        clean.choose_file("check-key", key_file(house, "LCA", tmp_path))
        clean.click("affirm-send")
        clean.shows("done")
        assert len(said(house)) == 1


def test_a_confirmation_whose_answer_was_lost_is_sent_again_and_stands_once(
    browser: Browser, tmp_path: Path
) -> None:
    with desk(on_each(NAMES[:1])) as house:
        voted(browser, house, tmp_path)
        browser.click("look-up")
        browser.shows("found")
        lost = house.lose_the_next_answer()
        browser.click("affirm-send")
        browser.shows("refused")
        assert "xác nhận không thành hai lần" in browser.text("refused")
        browser.click("affirm-send")
        browser.shows("done")
        assert len(said(house)) == 1
        assert house.bodies.count(lost[0]) == 2


def test_a_refusal_of_a_confirmation_is_shown_in_the_services_own_words(
    browser: Browser, tmp_path: Path
) -> None:
    with desk(on_each(NAMES[:1])) as house:
        voted(browser, house, tmp_path)
        browser.click("look-up")
        browser.shows("found")
        refusal = problem(Code.DEADLINE_PASSED, {"deadline": "2026-01-01T00:00:00.000Z"})
        house.turn = lambda path, _body: (
            (422, {**refusal, "outcome": "refused"}) if path == "/v1/events" else None
        )
        browser.click("affirm-send")
        browser.shows("refused")
        assert refusal["title_vi"] in browser.text("refused")
        assert not browser.sees("done")


def test_a_service_that_has_not_read_as_far_as_the_receipt_is_waited_for(
    clean: Browser, tmp_path: Path
) -> None:
    with desk(on_each(NAMES[:1])) as house:
        voted(clean, house, tmp_path)
        house.read_to = 0
        clean.click("look-up")
        clean.until("document.getElementById('status').textContent.includes('Đang tìm')")
        assert not clean.sees("missing")
        house.read_to = None
        clean.shows("found")


def test_a_service_that_is_away_is_said_and_says_nothing_of_the_box(
    browser: Browser, tmp_path: Path
) -> None:
    with desk(on_each(NAMES[:1])) as house:
        tracker = voted(browser, house, tmp_path)
        house.missing.add("/bo-phieu/hom.json")
        house.turn = lambda path, _body: (503, {}) if path.endswith("hom.json") else None
        look(browser, house, tracker)
        browser.shows("refused")
        assert "Chưa có trả lời" in browser.text("refused")
        assert not browser.sees("missing")
        house.missing.clear()
        browser.click("look-send")
        browser.shows("found")
        assert not browser.sees("refused")


def test_an_answer_that_fits_not_the_tracker_is_refused_and_nothing_is_confirmed(
    clean: Browser, tmp_path: Path
) -> None:
    with desk(on_each(NAMES[:1])) as house:
        first, second = (voted(clean, house, tmp_path) for _ in range(2))
        house.box[first] = house.box[second]
        look(clean, house, first)
        clean.shows("refused")
        assert "không khớp mã theo dõi" in clean.text("refused")
        assert clean.text("refused").splitlines()[-1].startswith("box/vote/text: ")
        assert not any(clean.sees(part) for part in ("found", "missing", "affirm-send"))


def test_who_typed_another_tracker_no_longer_sees_what_was_found(
    clean: Browser, tmp_path: Path
) -> None:
    with desk(on_each(NAMES[:1])) as house:
        look(clean, house, voted(clean, house, tmp_path))
        clean.shows("found")
        clean.click("sought")
        clean.type("A")
        assert not clean.sees("found")
        clean.click("check-back")
        clean.shows("choose")


@pytest.mark.parametrize("width", [320, 900])
def test_what_is_found_and_what_is_not_is_named_legible_and_fits_a_narrow_window(
    clean: Browser, tmp_path: Path, width: int
) -> None:
    clean.call(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=900, deviceScaleFactor=1, mobile=False,
    )  # fmt: skip
    try:
        with desk(on_each(NAMES[:1])) as house:
            tracker = voted(clean, house, tmp_path)
            clean.until("document.querySelector('.qr').complete")
            legible(clean, tmp_path / "5-da-bo.png")
            look(clean, house, tracker)
            clean.shows("found")
            legible(clean, tmp_path / "6-co-trong-hom.png")
            clean.choose_file("check-key", key_file(house, "LCA", tmp_path))
            clean.click("affirm-send")
            clean.shows("done")
            legible(clean, tmp_path / "7-da-xac-nhan.png")
            look(clean, house, "A" * 43)
            clean.shows("missing")
            legible(clean, tmp_path / "8-khong-co.png")
    finally:
        clean.call("Emulation.clearDeviceMetricsOverride")


@pytest.fixture(scope="module")
def script() -> Iterator[Script]:
    with Script() as running:
        yield running


@pytest.fixture(scope="module")
def box() -> dict[str, Any]:
    """What the script is asked with for a vote that is in the box."""
    house = desk([approve("Cờ?", NAMES)])
    text = house.held.cast(0, (0, 1, 0, 1)).text
    vote = {"unit": "LCA", "sequence": 1, "state": "counts", "checked": False, "text": text}
    fingerprint = house.held.election.fingerprint
    return {
        "document": {"fingerprint": fingerprint, "position": 7, "vote": vote},
        "fingerprint": fingerprint,
        "roll": {
            each["unit"]: {"name": each["name"], "credential": each["credential"]}
            for each in house.setup["roll"]
        },
        "tracker": short_hash(text),
    }


def test_a_vote_is_believed_to_be_in_the_box_when_its_text_is_the_trackers_and_its_credential_the_units(
    script: Script, box: dict[str, Any]
) -> None:
    told = script.ask("box", **box)
    assert (told["position"], told["vote"]["name"]) == (7, UNITS["LCA"])
    nothing = {**box, "document": {**box["document"], "vote": None}}
    assert script.ask("box", **nothing) == {"position": 7, "vote": None}


LIES: Final[dict[str, tuple[Callable[[dict[str, Any]], Any], str]]] = {
    "another election": (lambda told: told.update(fingerprint="A" * 43), "box/fingerprint"),
    "no position": (lambda told: told.pop("position"), "box/position"),
    "a position that is none": (lambda told: told.update(position=1.5), "box/position"),
    "an unknown member": (lambda told: told.update(size=7), "box"),
    "an unknown member of the vote": (lambda told: told["vote"].update(choice=1), "box/vote"),
    "another text": (
        lambda told: told["vote"].update(text=told["vote"]["text"].replace("1", "2", 1)),
        "box/vote/text",
    ),
    "a unit not on the roll": (lambda told: told["vote"].update(unit="XXX"), "box/vote/unit"),
    "another unit of the roll": (
        lambda told: told["vote"].update(unit="HGI"), "box/vote/credential",
    ),
    "a vote of number 0": (lambda told: told["vote"].update(sequence=0), "box/vote/sequence"),
    "an unknown state": (lambda told: told["vote"].update(state="lost"), "box/vote/state"),
    "a word for a truth value": (
        lambda told: told["vote"].update(checked="no"), "box/vote/checked",
    ),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_an_answer_about_the_box_that_does_not_hold_is_refused_by_its_place(
    script: Script, box: dict[str, Any], lie: str
) -> None:
    change, path = LIES[lie]
    told = {**box["document"], "vote": dict(box["document"]["vote"])}
    change(told)
    with pytest.raises(ScriptFaultError) as caught:
        script.ask("box", **{**box, "document": told})
    assert caught.value.path == path


def test_a_ballot_of_another_election_is_refused_even_under_its_own_tracker(
    script: Script, box: dict[str, Any]
) -> None:
    other = desk(on_each(NAMES[:1])).held.cast(0, (0, 1, 0)).text
    told = {**box["document"], "vote": {**box["document"]["vote"], "text": other}}
    with pytest.raises(ScriptFaultError) as caught:
        script.ask("box", **{**box, "document": told, "tracker": short_hash(other)})
    assert caught.value.path == "box/vote/election_hash"


def test_a_unit_without_a_credential_has_no_vote_in_the_box(
    script: Script, box: dict[str, Any]
) -> None:
    roll = {**box["roll"], "LCA": {**box["roll"]["LCA"], "credential": None}}
    with pytest.raises(ScriptFaultError) as caught:
        script.ask("box", **{**box, "roll": roll})
    assert caught.value.path == "box/vote/credential"


def test_a_tracker_is_read_with_the_spaces_of_a_hand_and_nothing_else(script: Script) -> None:
    tracker = "DKh3ycRoeg5MC0ndLHEnI8v1hhsLoVgS49yhGcP+3m8"
    for typed in (tracker, f" {tracker}\n", " ".join(tracker)):
        assert script.ask("tracker", typed=typed)["tracker"] == tracker
    for typed in ("", tracker[1:], f"{tracker}=", tracker.replace("+", "-"), f"{tracker[1:]}é"):
        assert script.ask("tracker", typed=typed)["tracker"] is None
