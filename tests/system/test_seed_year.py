"""The 2020 cycle of the seven border provinces on real processes, a real Valkey and SQLite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from services.demo import paper_policy, say_outcome
from services.reporting.archive import PUBLIC
from services.sandbox import JUDGES
from thidua.audit.authentic import NotAuthenticError
from thidua.audit.held import hold
from thidua.audit.rejudging import NotFollowingError, Rejudging
from thidua.audit.verifying import policy_in
from thidua.log import Entry, read_entry

if TYPE_CHECKING:
    from services.sandbox import Sandbox


def test_the_seed_year_ends_as_the_worked_example_says(seed_year: Sandbox) -> None:
    outcome = seed_year.outcome()
    assert (outcome["chair"], outcome["deputy"], outcome["signatures"]) == ("LCA", "HGI", 7)
    ranking = [(row["unit"], row["total"], row["rank"]) for row in outcome["ranking"]]
    assert ranking == [
        ("LCA", "98.5", 1),
        ("LCH", "98.5", 2),
        ("LSN", "97.0", 3),
        ("SLA", "96.0", 4),
        ("HGI", "96.0", 5),
        ("DBN", "95.0", 6),
        ("CBG", "93.5", 7),
    ]
    votes = [
        (
            one["subject"],
            one["mode"],
            one["issued"],
            one["returned"],
            one["valid"],
            one["votes"],
            one["threshold"],
        )
        for one in outcome["ballots"]
    ]
    assert votes == [
        ("co-bo", "paper", 7, 7, 7, {"LCA": 7, "LCH": 7, "LSN": 6, "SLA": 1}, 5),
        ("bang-khen-bo", "paper", 7, 7, 7, {"SLA": 7, "HGI": 7, "DBN": 7, "CBG": 6}, 4),
        ("chair", "roll-call", 7, 7, 7, {"LCA": 7}, 4),
        ("deputy", "roll-call", 7, 7, 7, {"HGI": 7}, 4),
    ]
    assert next(one["passed"] for one in outcome["ballots"]) == ["LCA", "LCH", "LSN"]
    assert {(one["unit"], one["award"]) for one in outcome["awards"]} == {
        *((unit, "co-bo") for unit in ("LCA", "LCH", "LSN")),
        *((unit, "bang-khen-bo") for unit in ("SLA", "HGI", "DBN", "CBG")),
    }
    assert {one["state"] for one in outcome["awards"]} == {"decided"}
    assert outcome["reward_total"] == 47_680_000
    assert outcome["fingerprints_equal"]
    assert outcome["verified"]
    assert outcome["recorded"] + outcome["refused"] == outcome["entries"]
    assert outcome["refused"] == sum(line.expect is not None for line in seed_year.scenario.lines)


def test_the_demo_tells_its_outcome_in_words_and_what_it_can_be_audited_with(
    seed_year: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "240")
    say_outcome(seed_year.outcome(), seed_year.scenario)
    told = capsys.readouterr().out
    for word in ("Cụm trưởng / Chair", "biểu quyết ghi tên / roll call", "Đã tặng", "98,5"):
        assert word in told
    for code in ("roll-call", "decided", "98.5"):
        assert code not in told
    archive = seed_year.system.folder / "archive" / PUBLIC
    policy = policy_in(paper_policy(seed_year, seed_year.system.folder), archive)
    assert policy.root_spki == seed_year.founding.root.verifying_key.spki
    assert hold(archive, policy).size > 0


def test_a_year_with_other_units_rules_and_dates_plays_too(three_year: Sandbox) -> None:
    outcome = three_year.outcome()
    assert (outcome["chair"], outcome["deputy"], outcome["signatures"]) == ("SOB", "SOC", 3)
    flags = [one for one in outcome["ballots"] if one["subject"] == "co"]
    assert [(one["threshold"], one["passed"]) for one in flags] == [(3, ["SOB"]), (3, ["SOC"])]
    assert outcome["reward_total"] == 2 * 14_400_000 + 3_600_000
    assert outcome["fingerprints_equal"]
    assert outcome["verified"]


def test_every_entry_follows_by_the_judges_from_what_stands_before_it(seed_year: Sandbox) -> None:
    entries = seed_year.entries()
    counts = seed_year.rejudge(entries)
    assert counts.recorded + counts.refused + counts.own + counts.said == len(entries)
    assert counts.own > 20


def rejudge(box: Sandbox, entries: list[Entry]) -> None:
    Rejudging(JUDGES, origin=box.founding.origin).run(entries)


def renumbered(raws: list[bytes]) -> list[Entry]:
    return [read_entry(position, raw) for position, raw in enumerate(raws, 1)]


def test_a_left_out_vote_a_left_out_closing_and_an_altered_refusal_are_found(
    seed_year: Sandbox,
) -> None:
    raws = [entry.raw for entry in seed_year.entries()]
    opened = [read_entry(1, raw) for raw in raws]
    own = next(n for n, entry in enumerate(opened) if entry.by.startswith("ballots/") and n > 150)
    for tampered in (
        raws[:own] + raws[own + 1 :],
        raws[:100] + raws[101:],
        [*raws[:50], raws[51], raws[50], *raws[52:]],
        [raw.replace(b"SELF_SCORING", b"NOT_ELIGIBLE") for raw in raws],
        [raw.replace(b'"by":"pledges/1"', b'"by":"units/1"') for raw in raws],
    ):
        with pytest.raises((NotFollowingError, NotAuthenticError)):
            rejudge(seed_year, renumbered(tampered))


def test_a_log_founded_by_another_root_key_is_found(
    seed_year: Sandbox, three_year: Sandbox
) -> None:
    other = three_year.founding.root.verifying_key.spki
    with pytest.raises(NotAuthenticError, match="root key"):
        Rejudging(JUDGES, origin=seed_year.founding.origin, root_spki=other).run(
            seed_year.entries()
        )
