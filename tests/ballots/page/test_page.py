"""The page in Chromium: a vote is chosen, encrypted, signed and cast as a person would do it."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.ballots.page.desk import UNITS, Desk, desk
from tests.ballots.page.test_script import CHANGES
from tests.shared.voting.making import appoint, chance
from thidua.refusals import Code, problem
from thidua.signing import Algorithm, SigningKey
from thidua.voting.canonical import short_hash, written
from thidua.voting.challenge import check_challenge
from thidua.voting.credentials import open_credential
from thidua.voting.questions import approve, at_most, chair_and_deputy, on_each

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ballots.page.browser import Browser

pytestmark = pytest.mark.page

NAMES = ["Lào Cai (LCA)", "Hà Giang (HGI)", "Cao Bằng (CBG)", "Lạng Sơn (LSN)"]
TEN = [f"Đơn vị số {number}" for number in range(1, 11)]


def key_file(house: Desk, unit: str, folder: Path) -> Path:
    path = folder / f"{unit}.pem"
    path.write_bytes(house.keys[f"{unit}/ban-phieu"].to_pem())
    return path


def choose(browser: Browser, house: Desk, *marked: str) -> None:
    """Open the page, mark options and go on to the second screen."""
    browser.open(house.url)
    browser.shows("choose")
    for option in marked:
        browser.click(option)
    browser.click_submit("questions")
    browser.shows("confirm")


def give(browser: Browser, house: Desk, folder: Path, unit: str = "LCA") -> None:
    """Type the unit's code and choose its key; the vote is then encrypted."""
    browser.click("code")
    browser.type(house.held.texts[list(UNITS).index(unit)])
    browser.shows("ready")
    browser.choose_file("key", key_file(house, unit, folder))


def cast(browser: Browser) -> None:
    browser.click("send")
    browser.shows("done")


FORMS: Final[dict[str, tuple[Any, list[str], tuple[tuple[int, ...], ...]]]] = {
    "full minutes": (on_each(NAMES[:2]), ["q0-0", "q1-blank"], ((0, 1, 0), (1, 0, 0))),
    "short": ([approve("Cờ?", NAMES)], ["q0-1", "q0-3"], ((0, 1, 0, 1),)),
    "none of the short": ([approve("Cờ?", NAMES)], [], ((0, 0, 0, 0),)),
    "at most two": ([at_most("Cờ?", NAMES, 2)], ["q0-0", "q0-2"], ((0, 1, 0, 1, 0),)),
    "a name takes no opinion back": (
        [at_most("Cờ?", NAMES, 2)], ["q0-blank", "q0-2"], ((0, 0, 0, 1, 0),),
    ),
    "no opinion takes names back": (
        [at_most("Cờ?", NAMES, 2)], ["q0-0", "q0-1", "q0-blank"], ((1, 0, 0, 0, 0),),
    ),
    "chair and deputy": (
        chair_and_deputy(NAMES), ["q0-2", "q1-0"], ((0, 0, 0, 1, 0), (0, 1, 0, 0, 0)),
    ),
    "one or none": ([approve("Cờ?", NAMES[:1])], ["q0-nobody"], ((0,),)),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_vote_cast_in_the_browser_is_counted_as_it_was_marked(
    clean: Browser, tmp_path: Path, form: str
) -> None:
    questions, marked, meant = FORMS[form]
    with desk(questions) as house:
        choose(clean, house, *marked)
        give(clean, house, tmp_path)
        cast(clean)
        [ballot] = house.held.ballots
        assert clean.text("tracker") == ballot.tracker
        assert "Phiếu của đơn vị đã vào hòm" in clean.text("done-title")
        house.held.close()
        house.held.decrypt(1)
        assert house.held.publish() == meant


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_votes_with_whatever_kind_of_key_it_has(
    clean: Browser, tmp_path: Path, unit: str
) -> None:
    with desk(on_each(NAMES[:1])) as house:
        choose(clean, house, "q0-1")
        give(clean, house, tmp_path, unit)
        cast(clean)
        assert UNITS[unit] in clean.text("receipt")
        assert house.setup["roll"][list(UNITS).index(unit)]["votes"] == 1


def test_every_es256_signature_of_the_page_has_the_small_s(clean: Browser, tmp_path: Path) -> None:
    with desk(on_each(NAMES[:1])) as house:
        for _ in range(6):
            choose(clean, house, "q0-0")
            give(clean, house, tmp_path)
            cast(clean)
        assert [event.sequence for event in house.events] == [1, 2, 3, 4, 5, 6]
        assert len({event.tracker for event in house.events}) == 6


def test_who_has_voted_is_told_that_the_new_vote_replaces_the_old_one(
    clean: Browser, tmp_path: Path
) -> None:
    with desk(on_each(NAMES[:1])) as house:
        house.setup["roll"][0]["votes"] = 1
        choose(clean, house, "q0-0")
        give(clean, house, tmp_path)
        assert "sẽ thay phiếu đó" in clean.text("status")


def test_where_the_first_vote_counts_no_second_one_is_made(clean: Browser) -> None:
    with desk(on_each(NAMES[:1]), repeat="first", bound={"x_revote": "first"}) as house:
        house.setup["roll"][0]["votes"] = 1
        choose(clean, house, "q0-0")
        clean.click("code")
        clean.type(house.held.texts[0])
        clean.until("document.getElementById('code-wrong').textContent")
        assert "không được thay" in clean.text("code-wrong")
        assert not clean.sees("ready")


@pytest.mark.parametrize(
    ("changed", "said", "absent"),
    [
        ({}, "ít nhất 9/10 tổng số đơn vị thành viên", True),
        ({"base": "valid", "num": 1, "den": 2, "op": ">"}, "trên 1/2 số phiếu hợp lệ", False),
        ({"base": "present"}, "ít nhất 9/10 số đơn vị có mặt", False),
        ({"base": "ballots"}, "ít nhất 9/10 số phiếu thu về", False),
    ],
)
def test_the_rule_is_told_before_the_choice_and_whether_staying_away_counts_as_no(
    clean: Browser, changed: dict[str, Any], said: str, absent: bool
) -> None:
    with desk(on_each(NAMES[:1])) as house:
        document = json.loads(house.setup["election"])
        text = written({**document, "x_rule": {**document["x_rule"], **changed}})
        house.setup.update(election=text, fingerprint=short_hash(text))
        clean.open(house.url)
        clean.shows("choose")
        assert said in clean.text("notes")
        assert ("không bỏ phiếu tính như không đồng ý" in clean.text("notes")) is absent


def test_ten_options_are_cast_within_two_seconds(clean: Browser, tmp_path: Path) -> None:
    with desk([approve("Cờ thi đua?", TEN)]) as house:
        choose(clean, house, *(f"q0-{number}" for number in range(0, 10, 2)))
        clean.choose_file("key", key_file(house, "LCA", tmp_path))
        clean.click("code")
        began = time.monotonic()
        clean.type(house.held.texts[0])
        clean.shows("ready")
        cast(clean)
        assert time.monotonic() - began <= 2


def test_nothing_secret_leaves_the_browser(clean: Browser, tmp_path: Path) -> None:
    with desk([approve("Cờ?", NAMES)]) as house:
        choose(clean, house, "q0-1")
        give(clean, house, tmp_path)
        clean.click("challenge")
        clean.until("document.getElementById('opened').checkVisibility()")
        opened, seed = clean.text("opened-tracker"), clean.text("opened-seed")
        clean.shows("ready")
        cast(clean)
        sent = "\n".join(house.requests).encode() + b"\n".join(house.bodies)
        pem = key_file(house, "LCA", tmp_path).read_text()
        code = house.held.texts[0]
        secrets = [code, code.replace("-", ""), seed, opened, str(house.held.credentials[0].secret)]
        for secret in [*secrets, *pem.splitlines()[1:-1]]:
            assert secret.encode() not in sent
        assert (
            clean.run(
                "document.getElementById('code').value + document.getElementById('key').value"
            )
            == ""
        )
        assert (
            clean.run("localStorage.length + sessionStorage.length + document.cookie.length") == 0
        )


def test_a_challenged_vote_opens_to_what_was_marked_and_is_never_cast(
    clean: Browser, tmp_path: Path
) -> None:
    with desk([approve("Cờ?", NAMES)]) as house:
        choose(clean, house, "q0-1", "q0-2")
        give(clean, house, tmp_path)
        shown = clean.text("prepared")
        clean.click("challenge")
        clean.shows("opened")
        clean.shows("ready")
        file = json.loads(clean.download("opened-file", tmp_path / "kept").read_text("utf-8"))
        assert file["election"] == house.held.election.text
        assert file["choices"] == [[0, 1, 1, 0]]
        check_challenge(
            house.held.election, file["ballot"], file["choices"], bytes.fromhex(file["seed"])
        )
        assert clean.text("opened-tracker") == short_hash(file["ballot"]) == shown
        cast(clean)
        [event] = house.events
        assert event.tracker != shown
        assert event.vote != file["ballot"]


@pytest.mark.parametrize("marked", [[], ["q0-0"], ["q1-0"]])
def test_an_unanswered_question_is_named_and_nothing_is_encrypted(
    clean: Browser, marked: list[str]
) -> None:
    with desk(on_each(NAMES[:2])) as house:
        clean.open(house.url)
        clean.shows("choose")
        for option in marked:
            clean.click(option)
        clean.click_submit("questions")
        clean.shows("wrong")
        missing = [name for at, name in enumerate(NAMES[:2]) if f"q{at}-0" not in marked]
        assert (
            clean.run("[...document.querySelectorAll('#wrong a')].map(a => a.textContent)")
            == missing
        )
        assert clean.focus == "wrong"
        assert not clean.sees("confirm")


def test_more_names_than_allowed_are_refused_on_the_page(clean: Browser) -> None:
    with desk([at_most("Cờ?", NAMES, 2)]) as house:
        clean.open(house.url)
        clean.shows("choose")
        for number in range(3):
            clean.click(f"q0-{number}")
        clean.click_submit("questions")
        clean.shows("wrong")
        clean.click("q0-1")
        clean.click_submit("questions")
        clean.shows("confirm")


TWO_GROUPS: Final = ((2, 1), (3, 2))
SETUPS: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "an unknown member": ({"weights": []}, "setup"),
    "another version": ({"version": 1}, "setup/version"),
    "another state": ({"state": "counting"}, "setup/state"),
    "a fingerprint of another text": ({"fingerprint": "A" * 43}, "setup/fingerprint"),
    "another ballot's name": ({"ballot": "khac"}, "setup/ballot"),
    "another cycle": ({"subject": "BVHTTDL/BGPB/2025"}, "setup/ballot"),
    "another rule of repeating": ({"repeat": "first"}, "setup/repeat"),
    "a shorter roll": ({"roll": []}, "setup/keys/0/unit"),
    "no keys list": ({"keys": None}, "setup/keys"),
    "an unknown algorithm": (
        {"keys": [{"kid": "LCA/1", "unit": "LCA", "alg": "HS256", "spki": "AA"}]}, "setup/keys/0/alg",
    ),
    "a moment that is none": ({"closes": "mai"}, "setup/closes"),
    "a matter without English": ({"matter": {"vi": "Cờ"}}, "setup/matter/en"),
    "a clock that is none": ({"clock": 7}, "setup/clock"),
    "an election that is no text": ({"election": {}}, "setup/election"),
    "no trustees": ({"trustees": "[]"}, "trustees"),
    "trustees that are no text": ({"trustees": []}, "trustees"),
}  # fmt: skip


def refused(browser: Browser, house: Desk, path: str) -> None:
    browser.open(house.url)
    browser.shows("refused")
    assert browser.text("refused").splitlines()[-1].startswith(f"{path}: ")
    assert not any(browser.sees(screen) for screen in ("choose", "confirm", "register", "done"))
    assert browser.focus == "refused"
    assert not [one for one in house.requests if "worker.js" in one or "/v1/" in one]


@pytest.mark.parametrize("change", SETUPS)
def test_a_malformed_setup_is_refused_by_its_place_and_nothing_is_encrypted(
    clean: Browser, change: str
) -> None:
    changed, path = SETUPS[change]
    with desk([approve("Cờ?", NAMES)]) as house:
        house.setup.update(changed)
        refused(clean, house, path)


@pytest.mark.parametrize(
    "change", ["another group", "a key outside the subgroup", "a key of 1", "an unknown member"]
)
def test_an_election_in_another_group_or_with_a_foreign_key_is_refused(
    clean: Browser, change: str
) -> None:
    with desk([approve("Cờ?", NAMES)]) as house:
        text = written({**json.loads(house.setup["election"]), **CHANGES[change]})
        house.setup.update(election=text, fingerprint=short_hash(text))
        member = next(iter(CHANGES[change]))
        refused(clean, house, "election" if member == "weight" else f"election/{member}")


def test_an_election_whose_key_its_trustees_do_not_hold_is_refused_in_words(clean: Browser) -> None:
    with desk([approve("Cờ?", NAMES)], shape=TWO_GROUPS) as house:
        _, others = appoint(TWO_GROUPS, chance(8))
        house.setup["trustees"] = others.text
        refused(clean, house, "setup/trustees")
        assert "không phải khóa chung của những người giữ khóa" in clean.text("refused")


def test_who_can_open_the_count_is_told_before_the_choice(clean: Browser) -> None:
    with desk([approve("Cờ?", NAMES)], shape=TWO_GROUPS) as house:
        clean.open(house.url)
        clean.shows("choose")
        assert "đủ người giữ khóa của mọi nhóm: 1/2, 2/3." in clean.text("notes")


def test_a_roll_other_than_the_elections_is_refused(clean: Browser) -> None:
    with desk([approve("Cờ?", NAMES)]) as house:
        house.setup["roll"].append(
            {"unit": "SLA", "name": "Sơn La", "credential": None, "votes": 0}
        )
        refused(clean, house, "setup/roll")


def test_without_a_ballot_in_the_address_the_running_ones_are_listed(
    clean: Browser, tmp_path: Path
) -> None:
    with desk(on_each(NAMES[:1])) as house:
        everywhere = house.url.partition("?")[0]
        clean.open(everywhere)
        clean.shows("list")
        assert "Hiện không có cuộc bỏ phiếu kín nào" in clean.text("none")
        names = ("subject", "ballot", "matter", "state")
        house.running.append({name: house.setup[name] for name in names})
        clean.open(everywhere)
        clean.shows("list")
        assert "đang nhận phiếu" in clean.text("running")
        legible(clean, tmp_path / "0-cac-cuoc.png")
        clean.run("document.querySelector('#running a').click()")
        clean.shows("choose")
        house.running[0]["state"] = "counting"
        clean.open(everywhere)
        clean.shows("refused")
        assert clean.text("refused").splitlines()[-1].startswith("list/running/0/state: ")


def test_a_ballot_that_is_not_there_is_said_in_words(browser: Browser) -> None:
    with desk([approve("Cờ?", NAMES)]) as house:
        house.setup = None  # type: ignore[assignment]
        browser.open(house.url)
        browser.shows("refused")
        assert "Không lấy được cuộc bỏ phiếu này" in browser.text("refused")


def test_a_worker_that_cannot_be_had_is_said_and_no_vote_is_made(
    browser: Browser, tmp_path: Path
) -> None:
    with desk(on_each(NAMES[:1])) as house:
        house.missing.add("/bo-phieu/ballot.js")
        choose(browser, house, "q0-0")
        browser.click("code")
        browser.type(house.held.texts[0])
        browser.shows("refused")
        assert "Trang gặp sự cố" in browser.text("refused")
        assert not browser.sees("ready")


def test_a_service_that_is_away_when_the_vote_is_cast_is_said_and_the_same_press_helps_later(
    browser: Browser, tmp_path: Path
) -> None:
    with desk(on_each(NAMES[:1])) as house:
        choose(browser, house, "q0-0")
        give(browser, house, tmp_path)
        house.missing.add("/bo-phieu/cuoc.json")
        house.turn = lambda path, _body: (502, None) if path.endswith("cuoc.json") else None
        browser.click("send")
        browser.shows("refused")
        assert "chưa trả lời" in browser.text("refused")
        house.missing.clear()
        cast(browser)
        assert len(house.events) == 1


def test_a_list_on_a_matter_is_headed_by_its_name_and_not_by_its_code(clean: Browser) -> None:
    with desk([approve("flag", NAMES)]) as house:
        choose(clean, house, "q0-0")
        assert "Cờ thi đua của Bộ" in clean.text("chosen")
        assert "flag" not in clean.text("chosen")


def test_a_closed_box_takes_no_choice(clean: Browser) -> None:
    with desk([approve("Cờ?", NAMES)], state="closed") as house:
        clean.open(house.url)
        clean.shows("refused")
        assert "Hòm phiếu đã đóng" in clean.text("refused")
        assert not clean.sees("choose")


def test_a_box_that_closes_meanwhile_gets_no_vote(clean: Browser, tmp_path: Path) -> None:
    with desk(on_each(NAMES[:1])) as house:
        choose(clean, house, "q0-0")
        give(clean, house, tmp_path)
        house.setup["state"] = "closed"
        clean.click("send")
        clean.shows("refused")
        assert "Hòm phiếu đã đóng" in clean.text("refused")
        assert house.bodies == []


def test_an_election_exchanged_meanwhile_gets_no_vote(clean: Browser, tmp_path: Path) -> None:
    with desk(on_each(NAMES[:1])) as house, desk(on_each(NAMES[:2])) as other:
        choose(clean, house, "q0-0")
        give(clean, house, tmp_path)
        house.setup = other.setup
        clean.click("send")
        clean.shows("refused")
        assert clean.text("refused").splitlines()[-1].startswith("setup/fingerprint: ")
        assert house.bodies == []


@pytest.mark.parametrize("letter", [0, 8, 18])
def test_a_mistyped_code_is_said_at_the_field_and_encrypts_nothing(
    clean: Browser, letter: int
) -> None:
    with desk(on_each(NAMES[:1])) as house:
        choose(clean, house, "q0-0")
        code = house.held.texts[0]
        clean.click("code")
        clean.type(code[:letter] + ("3" if code[letter] != "3" else "4") + code[letter + 1 :])
        clean.until("document.getElementById('code-wrong').textContent")
        assert "gõ chưa đúng" in clean.text("code-wrong")
        assert not clean.sees("ready")
        clean.click("send")
        assert clean.focus == "code"
        assert house.bodies == []


def test_a_code_is_taken_with_spaces_or_without_dashes(clean: Browser) -> None:
    with desk(on_each(NAMES[:1])) as house:
        for joint in ("", " ", "-"):
            choose(clean, house, "q0-0")
            clean.click("code")
            clean.type(house.held.texts[0].replace("-", joint))
            clean.shows("ready")


def test_a_code_of_another_election_is_refused(clean: Browser) -> None:
    with desk(on_each(NAMES[:1])) as house:
        house.setup["roll"][0]["credential"] = house.setup["roll"][1]["credential"][::-1].lstrip(
            "0"
        )
        choose(clean, house, "q0-0")
        clean.click("code")
        clean.type(house.held.texts[0])
        clean.until("document.getElementById('code-wrong').textContent")
        assert "không có trong danh sách" in clean.text("code-wrong")
        assert not clean.sees("ready")


def _encrypted(_house: Desk) -> bytes:
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"


KEYS: Final[dict[str, Any]] = {
    "another unit's": (lambda house: house.keys["HGI/ban-phieu"].to_pem(), "hai đơn vị khác nhau"),
    "an unregistered one": (
        lambda _house: SigningKey.generate(Algorithm.ES256).to_pem(), "trong danh sách",
    ),
    "an encrypted one": (_encrypted, "chưa mã hóa"),
    "a damaged one": (
        lambda house: house.keys["LCA/ban-phieu"].to_pem().replace(b"M", b"N", 1), "PKCS #8",
    ),
    "a picture": (lambda _house: bytes(range(256)), "PKCS #8"),
    "an empty file": (lambda _house: b"", "PKCS #8"),
}  # fmt: skip


@pytest.mark.parametrize("which", KEYS)
def test_a_key_file_that_does_not_fit_is_said_at_the_field_and_nothing_is_sent(
    clean: Browser, tmp_path: Path, which: str
) -> None:
    make, said = KEYS[which]
    with desk(on_each(NAMES[:1])) as house:
        choose(clean, house, "q0-0")
        give(clean, house, tmp_path)
        path = tmp_path / "other.pem"
        path.write_bytes(make(house))
        clean.choose_file("key", path)
        clean.click("send")
        clean.until("document.getElementById('key-wrong').textContent")
        assert said in clean.text("key-wrong")
        assert clean.focus == "key"
        assert house.bodies == []


def test_a_vote_whose_answer_was_lost_is_sent_again_and_counts_once(
    browser: Browser, tmp_path: Path
) -> None:
    with desk(on_each(NAMES[:1])) as house:
        lost = house.lose_the_next_answer()
        choose(browser, house, "q0-0")
        give(browser, house, tmp_path)
        browser.click("send")
        browser.shows("refused")
        assert "không thành hai phiếu" in browser.text("refused")
        cast(browser)
        assert len(house.events) == 1
        assert house.bodies.count(lost[0]) == 2


def test_an_event_of_the_same_key_in_between_only_signs_the_vote_anew(
    clean: Browser, tmp_path: Path
) -> None:
    with desk(on_each(NAMES[:1])) as house:
        asked: list[str] = []

        def behind(path: str, _body: bytes) -> tuple[int, dict[str, Any]] | None:
            if path.endswith("/head") and not asked:
                asked.append(path)
                return 200, {"heads": {"ballots": {"seq": 4, "hash": "A" * 43}}}
            return None

        house.turn = behind
        choose(clean, house, "q0-0")
        give(clean, house, tmp_path)
        clean.faults.clear()
        clean.click("send")
        clean.shows("done")
        # That the first was not taken is an HTTP error, which Chromium notes by itself.
        assert all("409" in fault for fault in clean.faults)
        clean.faults.clear()
        assert len(house.events) == 1


def test_a_refusal_of_the_service_is_shown_in_its_own_words(
    browser: Browser, tmp_path: Path
) -> None:
    with desk(on_each(NAMES[:1])) as house:
        refusal = problem(Code.DEADLINE_PASSED, {"deadline": "2026-01-01T00:00:00.000Z"})
        house.turn = lambda path, _body: (
            (422, {**refusal, "outcome": "refused"}) if path == "/v1/events" else None
        )
        choose(browser, house, "q0-0")
        give(browser, house, tmp_path)
        browser.click("send")
        browser.shows("refused")
        assert refusal["title_vi"] in browser.text("refused")
        assert "DEADLINE_PASSED" in browser.text("refused")
        assert not browser.sees("done")


def test_a_receipt_that_names_another_tracker_is_said_and_is_no_success(
    clean: Browser, tmp_path: Path
) -> None:
    with desk(on_each(NAMES[:1])) as house:

        def other(path: str, body: bytes) -> tuple[int, dict[str, Any]] | None:
            if path != "/v1/events":
                return None
            status, receipt = house.take(body)
            return status, {**receipt, "tracker": "A" * 43}

        house.turn = other
        choose(clean, house, "q0-0")
        give(clean, house, tmp_path)
        clean.click("send")
        clean.shows("refused")
        assert "Biên nhận không mang mã theo dõi" in clean.text("refused")
        assert house.events[0].tracker in clean.text("refused")
        assert not clean.sees("done")


def test_a_vote_that_is_still_being_judged_is_waited_for(clean: Browser, tmp_path: Path) -> None:
    with desk(on_each(NAMES[:1])) as house:
        told: dict[str, dict[str, Any]] = {}

        def slow(path: str, body: bytes) -> tuple[int, dict[str, Any]] | None:
            if path == "/v1/events":
                _, receipt = house.take(body)
                told[f"/v1/receipts/{receipt['hash']}"] = receipt
                return 202, {"hash": receipt["hash"], "status": "pending"}
            return (200, told[path]) if path in told else None

        house.turn = slow
        choose(clean, house, "q0-0")
        give(clean, house, tmp_path)
        cast(clean)
        assert len(house.events) == 1


def test_a_name_that_looks_like_a_program_is_shown_and_never_run(clean: Browser) -> None:
    name = "<img src=x onerror=document.title='run'><script>document.title='run'</script>"
    with desk([approve(name, [name, "B"])]) as house:
        choose(clean, house, "q0-0")
        assert name in clean.text("chosen")
        assert "run" not in str(clean.run("document.title"))


def test_without_a_secure_connection_nothing_is_asked_for(browser: Browser) -> None:
    with desk(on_each(NAMES[:1])) as house:
        browser.open(house.url.replace("127.0.0.1", "so.example.vn"))
        browser.shows("refused")
        assert "https" in browser.text("refused")
        assert not any(browser.sees(screen) for screen in ("choose", "confirm"))


def test_a_unit_makes_and_registers_its_code_before_the_opening(
    clean: Browser, tmp_path: Path
) -> None:
    with desk(on_each(NAMES[:1]), state="registering") as house:
        clean.open(house.url)
        clean.shows("register")
        clean.choose_file("enrol-key", key_file(house, "HGI", tmp_path))
        clean.click("enrol-send")
        clean.shows("made")
        code = clean.text("made-code")
        assert "mã mới này thay mã đó" in clean.text("made")
        clean.click("enrol-send")
        assert house.events == []
        clean.click("kept")
        cast_registration(clean)
        [event] = house.events
        group, uuid = house.held.election.group, house.held.election.uuid
        assert event.credential == str(open_credential(group, uuid, code).public)
        assert code not in clean.text("receipt") + clean.text("made-code")
        assert code.encode() not in b"".join(house.bodies)


def cast_registration(browser: Browser) -> None:
    browser.click("enrol-send")
    browser.shows("done")


def test_a_vote_is_cast_by_keyboard_alone_in_the_order_that_is_read(
    clean: Browser, tmp_path: Path
) -> None:
    with desk([*on_each(NAMES[:1]), approve("Cờ?", NAMES)]) as house:
        clean.open(house.url)
        clean.shows("choose")
        assert clean.focus == "choose-title"
        clean.press("Tab")
        assert clean.focus == "q0-0"
        clean.press("ArrowDown")
        assert clean.run("document.getElementById('q0-1').checked")
        for number in range(4):
            clean.press("Tab")
            assert clean.focus == f"q1-{number}"
        clean.press("Space")
        clean.press("Tab")
        clean.press("Enter")
        clean.shows("confirm")
        assert clean.focus == "confirm-title"
        clean.press("Tab")
        assert clean.focus == "code"
        clean.type(house.held.texts[0])
        clean.shows("ready")
        clean.press("Tab")
        assert clean.focus == "key"
        clean.choose_file("key", key_file(house, "LCA", tmp_path))
        clean.press("Tab")
        assert clean.focus == "send"
        clean.press("Enter")
        clean.shows("done")
        assert clean.focus == "done-title"
        house.held.close()
        house.held.decrypt(1)
        assert house.held.publish() == ((0, 0, 1), (0, 0, 0, 1))


READABLE: Final = """(() => {
  const light = (colour) => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => {
      const value = part / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/, 0\\)$/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const faint = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((each) => each.nodeType === 3 && each.data.trim());
    if (!own || !node.checkVisibility()) continue;
    const [one, other] = [light(getComputedStyle(node).color), light(behind(node))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) faint.push(`${node.textContent.trim()} ${ratio.toFixed(2)}`);
  }
  return faint;
})()"""
SMALL: Final = """[...document.querySelectorAll('button, input, a[href]')].filter((node) => {
  if (!node.checkVisibility() || node.closest('.skip')) return false;
  const { width, height } = (node.closest('.option') ?? node).getBoundingClientRect();
  return node.tagName !== 'A' && (width < 24 || height < 20);
}).map((node) => node.id)"""


def legible(browser: Browser, picture: Path) -> None:
    """Every control has a name, every text stands out, every target can be hit; a picture is kept to be looked at."""
    browser.picture(picture)
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    for node in nodes:
        role = node.get("role", {}).get("value")
        if not node.get("ignored") and role in {
            "button",
            "checkbox",
            "radio",
            "textbox",
            "link",
            "group",
        }:
            assert node["name"]["value"].strip(), (role, node)
    assert browser.run(READABLE) == []
    assert browser.run(SMALL) == []
    assert browser.run("document.querySelectorAll('h1').length") == 1
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [320, 900])
def test_every_screen_is_named_legible_and_fits_a_narrow_window(
    clean: Browser, tmp_path: Path, width: int
) -> None:
    clean.call(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=900, deviceScaleFactor=1, mobile=False,
    )  # fmt: skip
    try:
        with desk([*on_each(NAMES[:2]), at_most("Cờ thi đua của Bộ?", NAMES, 2)]) as house:
            clean.open(house.url)
            clean.shows("choose")
            clean.click_submit("questions")
            clean.shows("wrong")
            legible(clean, tmp_path / "1-chua-chon.png")
            choose(clean, house, "q0-0", "q1-blank", "q2-1")
            give(clean, house, tmp_path)
            clean.click("challenge")
            clean.shows("opened")
            clean.shows("ready")
            legible(clean, tmp_path / "2-xac-nhan.png")
            cast(clean)
            clean.until("document.querySelector('.qr').complete")
            legible(clean, tmp_path / "3-da-bo.png")
            house.setup["state"] = "registering"
            clean.open(house.url)
            clean.shows("register")
            clean.choose_file("enrol-key", key_file(house, "LCA", tmp_path))
            clean.click("enrol-send")
            clean.shows("made")
            legible(clean, tmp_path / "4-lap-ma.png")
    finally:
        clean.call("Emulation.clearDeviceMetricsOverride")


def test_what_happens_is_said_to_who_cannot_see_it(clean: Browser, tmp_path: Path) -> None:
    with desk(on_each(NAMES[:1])) as house:
        choose(clean, house, "q0-0")
        give(clean, house, tmp_path)
        roles = clean.run("[...document.querySelectorAll('[role]')].map(n => n.id + ' ' + n.role)")
        assert "status status" in roles
        assert {"refused alert", "wrong alert", "code-wrong alert", "key-wrong alert"} <= set(roles)
        assert "đã mã hóa" in clean.text("status")
        assert re.match("Bước 2/2: Xác nhận", str(clean.run("document.title")))
        assert clean.run("document.documentElement.lang") == "vi"
