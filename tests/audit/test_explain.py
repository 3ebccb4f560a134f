"""Every result of the seed year is explained by its chain; a forged or missing link of it is named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from services.auditing.explaining import NoSuchResultError, explain
from services.auditing.facts import facts_of
from tests.audit.copies import Copy
from tests.audit.played import played, sealed
from tests.conftest import THREE
from thidua.audit.held import hold
from thidua.base64url import decode_base64url, encode_base64url
from thidua.contracts import ballots as b
from thidua.contracts import pledges as p
from thidua.contracts import units as u
from thidua.log.entry import read_entry
from thidua.tlog.merkle import included, leaf_hash
from thidua.tlog.tiles import CHECKPOINT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from services.auditing.chain import Chain

CYCLE = "BVHTTDL/BGPB/2020"
NEXT = "BVHTTDL/BGPB/2021"
AWARD = ["award", CYCLE, "LCA", "co-bo"]


def explained(copy: Copy, words: list[str], position: int | None = None) -> Chain:
    return explain(hold(copy.folder, copy.policy), words, position)


def results() -> list[list[str]]:
    flags = [(code, "co-bo") for code in ("LCA", "LCH", "LSN")]
    praised = [(code, "bang-khen-bo") for code in ("SLA", "HGI", "DBN", "CBG")]
    return [
        ["ranking", CYCLE],
        ["ranking", CYCLE, "CBG"],
        *(["ballot", CYCLE, f"phieu-{number}"] for number in range(1, 5)),
        *(["award", CYCLE, *award] for award in (*flags, *praised)),
        ["pledge", CYCLE],
        ["pledge", NEXT],
        ["unit", "BVHTTDL", "LCA"],
    ]


@pytest.mark.parametrize("words", results(), ids=" ".join)
def test_a_true_result_has_a_complete_chain_in_words_each_link_proven(
    words: list[str], year_folder: Copy
) -> None:
    held = hold(year_folder.folder, year_folder.policy)
    chain = explain(held, words)
    assert chain.findings == []
    assert chain.conclusion.vi
    assert len(chain.links) >= 3
    for link in chain.links.values():
        assert link.sentence.vi
        assert link.sentence.en
        assert link.why
        assert link.signer
        [(_, raw)] = held.entries(link.position - 1, link.position)
        hashes = held.proof(link.position).hashes
        assert len(hashes) == len(link.proof)
        assert included(leaf_hash(raw), link.position - 1, held.size, hashes, held.checkpoint.root)


def test_an_award_leads_from_registration_to_the_decision_and_its_money(year_folder: Copy) -> None:
    chain = explained(year_folder, AWARD)
    figures = [one.vi for link in chain.links.values() for one in link.figures]
    assert "LCA: 97,0 + 1,5 − 0,0 = 98,5, hạng 1" in figures
    assert any("cần số phiếu ≥ 2/3 × 7 (tổng số thành viên) = 5" in one for one in figures)
    assert any(one.startswith("tiền thưởng") and one.endswith("= 11920000") for one in figures)
    why = [one.vi for link in chain.links.values() for one in link.why]
    for reason in ("căn cứ của điều kiện “Đăng ký thi đua”", "Hội đồng biểu quyết", "cụm đề nghị"):
        assert reason in why
    assert "tặng Sở VHTTDL Lào Cai" in chain.conclusion.vi


def test_before_the_decision_a_proposal_is_called_one(year_folder: Copy) -> None:
    chain = explained(year_folder, AWARD, 133)
    assert chain.findings == []
    assert "chưa quyết định" in chain.conclusion.vi


@pytest.mark.parametrize(
    "words",
    [
        ["award", CYCLE, "LCA", "bang-khen-bo"],
        ["ranking", "BVHTTDL/BGPB/2019"],
        ["ranking", CYCLE, "ZZZ"],
        ["ballot", CYCLE, "phieu-9"],
        ["pledge", "BVHTTDL/BGPB/1999"],
        ["unit", "BVHTTDL", "ZZZ"],
    ],
    ids=" ".join,
)
def test_a_result_that_is_not_there_is_a_finding(words: list[str], year_folder: Copy) -> None:
    assert explained(year_folder, words).findings


@pytest.mark.parametrize("words", [["titles"], ["award", CYCLE], []], ids=str)
def test_words_that_name_no_result_are_refused(words: list[str], year_folder: Copy) -> None:
    with pytest.raises(NoSuchResultError):
        explained(year_folder, words)


def forged(
    copy: Copy, kind: type[Any], change: Callable[[dict[str, Any]], object], nth: int = 0
) -> None:
    """Change the data of the nth event of a type, and seal it all again under the log's own key."""
    entries = copy.entries()
    places = [
        one.position
        for one in facts_of(enumerate(entries, 1), CYCLE).all(kind)
        if one.event.subject == CYCLE or kind is u.BaseSalarySet
    ]
    place = places[nth] - 1
    raw = entries[place]
    jws = (read_entry(place + 1, raw).jws or b"").decode()
    header, payload, signature = jws.split(".")
    members = json.loads(decode_base64url(payload.encode()))
    change(members["data"])
    told = json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()
    new = f"{header}.{encode_base64url(told)}.{signature}"
    entries[place] = raw.replace(jws.encode(), new.encode())
    copy.sealed_again(entries)


def raised(rows: list[dict[str, Any]], name: str, value: object) -> None:
    rows[0][name] = value


@pytest.mark.parametrize(
    ("kind", "change", "words", "said"),
    [
        (
            u.RankingConsolidated,
            lambda data: raised(data["rows"], "total", "99.5"),
            ["ranking", CYCLE],
            "tổng điểm: tính lại được",
        ),
        (
            u.ScoreSheetSubmitted,
            lambda data: raised(data["marks"], "points", "1.0"),
            ["ranking", CYCLE],
            "tính lại được",
        ),
        (
            u.PointsAdjusted,
            lambda data: data.update(points="9.0"),
            ["ranking", CYCLE],
            "điểm thưởng được tính: tính lại được",
        ),
        (
            b.VoteCast,
            lambda data: data["marks"].update(LCA="no"),
            ["ballot", CYCLE, "phieu-3"],
            "phiếu từng đơn vị",
        ),
        (
            b.OutcomeDecided,
            lambda data: data.update(needed=1),
            ["ballot", CYCLE, "phieu-1"],
            "cần số phiếu",
        ),
        (
            b.OutcomeDecided,
            lambda data: data.update(passed=["SLA"]),
            ["ballot", CYCLE, "phieu-1"],
            "không theo số phiếu",
        ),
        (
            b.AwardDecided,
            lambda data: data.update(reward=99_000_000),
            AWARD,
            "tiền thưởng",
        ),
        (
            b.EligibilityDetermined,
            lambda data: [row["findings"][0].update(holds=False) for row in data["rows"]],
            AWARD,
            "đủ điều kiện",
        ),
        (
            p.PledgeConcluded,
            lambda data: data.update(signed=data["signed"][:-1]),
            ["pledge", CYCLE],
            "đã ký: tính lại được",
        ),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_a_forged_figure_is_named_even_when_the_logs_own_key_sealed_it(
    kind: type[Any],
    change: Callable[[dict[str, Any]], object],
    words: list[str],
    said: str,
    year_folder: Copy,
    tmp_path: Path,
) -> None:
    copy = year_folder.copied(tmp_path / "archive")
    forged(copy, kind, change)
    found = [one.words.vi for one in explained(copy, words).findings]
    assert any(said in one for one in found), found


@pytest.mark.parametrize(
    ("kind", "words", "said"),
    [
        (u.CrossCheckRecorded, ["ranking", CYCLE], "thiếu: chấm điểm chéo"),
        (u.RulebookAdopted, ["ranking", CYCLE], "thiếu: quy chế"),
        (b.RollFrozen, ["ballot", CYCLE, "phieu-1"], "thiếu: danh sách"),
        (b.CountSigned, ["ballot", CYCLE, "phieu-1"], "thiếu: dẫn đến mục"),
        (u.ParticipationRegistered, AWARD, "thiếu: căn cứ của điều kiện “Đăng ký thi đua”"),
        (b.CouncilVoted, AWARD, "thiếu: biểu quyết của Hội đồng"),
        (b.DossierSubmitted, AWARD, "thiếu: hồ sơ"),
        (p.PledgeDrafted, ["pledge", CYCLE], "thiếu: dự thảo"),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_a_link_that_was_left_out_is_a_finding(
    kind: type[Any], words: list[str], said: str, year_folder: Copy, tmp_path: Path
) -> None:
    copy = year_folder.copied(tmp_path / "archive")
    entries = copy.entries()
    gone = {told.position for told in facts_of(enumerate(entries, 1), CYCLE).all(kind)}
    copy.sealed_again([raw for place, raw in enumerate(entries, 1) if place not in gone])
    found = [one.words.vi for one in explained(copy, words).findings]
    assert any(said in one for one in found), found


def test_a_vote_nobody_signed_is_named(year_folder: Copy, tmp_path: Path) -> None:
    copy = year_folder.copied(tmp_path / "archive")
    entries = copy.entries()
    vote = facts_of(enumerate(entries, 1), CYCLE).all(b.VoteCast)[0]
    raw = entries[vote.position - 1]
    jws = (read_entry(vote.position, raw).jws or b"").decode()
    unsigned = f"{jws.rpartition('.')[0]}.{encode_base64url(bytes(64))}"
    entries[vote.position - 1] = raw.replace(jws.encode(), unsigned.encode())
    copy.sealed_again(entries)
    [finding] = explained(copy, ["ballot", CYCLE, vote.data.ballot]).findings
    assert finding.position == vote.position
    assert "chữ ký" in finding.words.vi


def test_nothing_is_explained_from_a_folder_that_does_not_hold(
    year_folder: Copy, tmp_path: Path
) -> None:
    copy = year_folder.copied(tmp_path / "archive")
    note = (copy.folder / CHECKPOINT).read_text()
    (copy.folder / CHECKPOINT).write_text(note.replace("\n228\n", "\n227\n"))
    with pytest.raises(Exception, match="signature"):
        explained(copy, ["ranking", CYCLE])


def test_no_true_result_of_another_year_is_called_incomplete(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    keys = tmp_path_factory.mktemp("three")
    founding, raw = played(THREE, keys)
    folder, policy, signer = sealed(founding, raw, keys, keys / "sealed")
    copy = Copy(folder, signer, policy)
    cycle = "BNV/KHOI-3/2023"
    facts = facts_of(raw, cycle)
    words = [["ranking", cycle]]
    words += [["ballot", cycle, one.data.ballot] for one in facts.all(b.BallotOpened)]
    words += [["award", cycle, one.data.unit, one.data.award] for one in facts.all(b.AwardDecided)]
    assert len(words) > 3
    for result in words:
        assert explained(copy, result).findings == [], result
