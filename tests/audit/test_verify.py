"""A sealed archive holds; every manipulation of it is named by the check that finds it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from services.reporting.fingerprint import versions
from thidua.audit.checks import CHECKS, Verdict
from thidua.cli.app import app
from thidua.signing import Algorithm, SigningKey
from thidua.tlog.notes import NoteSigner
from thidua.tlog.policy import Policy, write_policy
from thidua.tlog.tiles import CHECKPOINT, bundle_path, tile_path

if TYPE_CHECKING:
    from pathlib import Path

    from tests.audit.copies import Copy
    from thidua.audit.verifying import Verified

RUN = CliRunner()


def verdicts(found: Verified) -> dict[str, Verdict]:
    return {one.check: one.verdict for one in found.results}


def failing(found: Verified) -> set[str]:
    return {one.check for one in found.results if one.verdict is Verdict.FAILS}


def test_the_seed_years_archive_holds_in_every_check(sealed_year: Copy) -> None:
    found = sealed_year.verify()
    assert found.holds, [one for one in found.results if one.verdict is Verdict.NOT_CHECKED]
    assert list(verdicts(found)) == list(CHECKS)
    assert found.counts["signatures"] == found.size - found.counts["said"]
    assert found.counts["reached"] == found.size == sealed_year.size
    nothing = {check for check, verdict in verdicts(found).items() if verdict is Verdict.NOTHING}
    assert nothing == {"V04", "V16", "V17", "V18", "V19"}


def test_without_signatures_or_without_the_root_key_nothing_is_called_verified(
    sealed_year: Copy,
) -> None:
    found = sealed_year.verify(signatures=False)
    assert (found.holds, found.fails) == (False, False)
    assert verdicts(found)["V06"] is Verdict.NOT_CHECKED
    found = sealed_year.verify(Policy(sealed_year.policy.log))
    assert (found.holds, verdicts(found)["V07"]) == (False, Verdict.NOT_CHECKED)


def test_another_refusal_than_the_judges_give_is_found(copy: Copy) -> None:
    entries = copy.entries()
    other = [raw.replace(b"SELF_SCORING", b"NOT_ELIGIBLE") for raw in entries]
    assert other != entries
    copy.sealed_again(other)
    assert "V13" in failing(copy.verify())


def test_an_own_event_left_out_is_found_as_such(copy: Copy) -> None:
    entries = copy.entries()
    own = max(
        n for n, raw in enumerate(entries) if raw.startswith(b'{"v":1') and b"ballots/1" in raw
    )
    figures = copy.published()
    copy.sealed_again(entries[:own])
    copy.publish(figures, own)
    found = copy.verify()
    assert found.fails
    assert failing(found) <= {"V13", "V14", "V15"}


def test_an_edited_entry_is_named_by_its_position(copy: Copy) -> None:
    bundle = copy.folder / bundle_path(0, copy.size)
    raw = bundle.read_bytes()
    entries = copy.entries()
    at = sum(2 + len(entry) for entry in entries[:122]) + 2 + len(entries[122]) // 2
    bundle.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
    found = copy.verify()
    assert found.fails
    [first] = [one for one in found.results if one.check == "V01"]
    assert (first.verdict, first.position) == (Verdict.FAILS, 123)


def test_other_figures_than_the_log_gives_are_found(copy: Copy) -> None:
    copy.publish({"ranking": "0" * 64}, copy.size)
    # A published file is never written over: the cheat must replace it.
    found = copy.verify()
    assert failing(found) == {"V15"}
    copy.without_figures()
    assert verdicts(copy.verify())["V15"] is Verdict.NOT_CHECKED


def test_figures_that_were_published_before_a_read_model_existed_are_not_called_wrong(
    copy: Copy,
) -> None:
    published = copy.published()
    copy.publish({name: value for name, value in published.items() if name != "ranking"}, copy.size)
    found = copy.verify()
    assert (found.holds, found.fails) == (False, False)
    [told] = [one for one in found.results if one.check == "V15"]
    assert told.verdict is Verdict.NOT_CHECKED
    assert "ranking" in told.en


V = "1-0123456789abcdef"
"""A version that no projection has."""


@pytest.mark.parametrize("wrong", [False, True])
def test_figures_of_another_version_are_not_checked_and_only_those_of_the_same_can_be_wrong(
    copy: Copy, wrong: bool
) -> None:
    published = {**copy.published(), "ranking": "0" * 64}
    if wrong:
        published["scores"] = "0" * 64
    copy.publish(published, copy.size, {**versions(), "ranking": V})
    found = copy.verify()
    assert (found.holds, found.fails) == (False, wrong)
    [told] = [one for one in found.results if one.check == "V15"]
    if wrong:
        assert (told.verdict, "ranking" in told.en, "scores" in told.en) == (
            Verdict.FAILS,
            False,
            True,
        )
    else:
        assert told.verdict is Verdict.NOT_CHECKED
        here = versions()["ranking"]
        assert f"ranking: published as version {V}, here it is {here}" in told.en
        assert f"ranking: công bố theo bản {V}, ở đây là bản {here}" in told.vi


def test_figures_published_before_versions_were_named_hold_when_equal_and_prove_nothing_when_not(
    copy: Copy,
) -> None:
    published = copy.published()
    copy.publish(published, copy.size, {})
    assert copy.verify().holds
    copy.publish({**published, "ranking": "0" * 64}, copy.size, {})
    [told] = [one for one in copy.verify().results if one.check == "V15"]
    assert told.verdict is Verdict.NOT_CHECKED
    assert "ranking: differs, but was published without its version" in told.en


def test_another_key_another_origin_and_a_forged_checkpoint_are_found(copy: Copy) -> None:
    stranger = NoteSigner(copy.signer.name, SigningKey.generate(Algorithm.EDDSA))
    copy.sealed_again(copy.entries(), stranger)
    assert "V03" in failing(copy.verify())
    copy.sealed_again(copy.entries(), NoteSigner("log.khac.vn/p0", copy.signer.key))
    assert "V03" in failing(copy.verify())


def test_another_root_key_than_the_one_on_paper_is_found(copy: Copy) -> None:
    other = SigningKey.generate(Algorithm.ES256).verifying_key.spki
    found = copy.verify(Policy(copy.policy.log, root_spki=other))
    assert "V07" in failing(found)


def test_a_missing_file_is_no_proof_either_way(copy: Copy) -> None:
    (copy.folder / bundle_path(0, copy.size)).unlink()
    found = copy.verify()
    assert (found.holds, found.fails) == (False, False)
    (copy.folder / CHECKPOINT).unlink()
    found = copy.verify()
    assert (found.holds, found.fails, found.size) == (False, False, 0)


def test_an_empty_log_is_never_verified(copy: Copy) -> None:
    copy.sealed_again([])
    found = copy.verify()
    assert not found.holds


@pytest.fixture
def policy_file(sealed_year: Copy, tmp_path: Path) -> Path:
    path = tmp_path / "policy"
    path.write_text(write_policy(sealed_year.policy), encoding="utf-8")
    return path


def test_the_command_says_in_words_what_was_checked_and_exits_0_4_or_9(
    copy: Copy, policy_file: Path
) -> None:
    told = RUN.invoke(app, ["verify", str(copy.folder), "--policy", str(policy_file)])
    assert told.exit_code == 0, told.output
    assert "ĐÚNG: " in told.output
    assert all(check in told.output for check in CHECKS)
    told = RUN.invoke(
        app, ["verify", str(copy.folder), "--policy", str(policy_file), "--json", "--no-signatures"]
    )
    assert told.exit_code == 9
    assert json.loads(told.stdout)["holds"] is False
    tile = copy.folder / tile_path(0, 0, copy.size)
    tile.write_bytes(bytes(reversed(tile.read_bytes())))
    told = RUN.invoke(app, ["verify", str(copy.folder), "--policy", str(policy_file)])
    assert told.exit_code == 4
    assert "KHÔNG ĐÚNG" in told.output


def test_a_policy_from_inside_the_folder_is_not_trusted(copy: Copy) -> None:
    inside = copy.folder / "policy"
    inside.write_text(write_policy(copy.policy), encoding="utf-8")
    told = RUN.invoke(app, ["verify", str(copy.folder), "--policy", str(inside)])
    assert told.exit_code == 9
    assert "inside the archive" in told.output


def test_signatures_checked_before_under_the_same_root_are_not_checked_again(
    copy: Copy, policy_file: Path, tmp_path: Path
) -> None:
    state = tmp_path / "checked.json"
    asked = [
        "verify",
        str(copy.folder),
        "--policy",
        str(policy_file),
        "--resume",
        str(state),
        "--json",
    ]
    first, second = (json.loads(RUN.invoke(app, asked).stdout) for _ in range(2))
    assert first["holds"]
    assert second["holds"]
    assert "signatures" in first["counts"]
    assert "signatures" not in second["counts"]


@pytest.mark.parametrize("place", ["no/state.json", "."])
def test_a_file_for_resuming_that_cannot_be_used_is_named_and_the_archive_is_not_blamed(
    place: str, copy: Copy, policy_file: Path, tmp_path: Path
) -> None:
    asked = ["verify", str(copy.folder), "--policy", str(policy_file)]
    told = RUN.invoke(app, [*asked, "--resume", str(tmp_path / place)])
    assert told.exit_code == 9
    assert "--resume" in told.output


def test_a_folder_that_is_not_there_and_a_missing_checkpoint_are_named(
    policy_file: Path, tmp_path: Path
) -> None:
    asked = ["--policy", str(policy_file)]
    assert "no-such" in RUN.invoke(app, ["verify", str(tmp_path / "no-such"), *asked]).output
    (tmp_path / "empty").mkdir()
    told = RUN.invoke(app, ["verify", str(tmp_path / "empty"), *asked])
    assert told.exit_code == 9
    assert f"{CHECKPOINT}: không có" in told.output
