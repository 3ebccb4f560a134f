"""A log is founded once: never over another, never again after it was lost, and only a sandbox in the past."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import redis
import typer
from typer.testing import CliRunner

from services.founding import RECORD, init

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = "so.test/p0"
LOG = "{p0}:log"


@pytest.fixture
def found(redis_url: str, tmp_path: Path) -> Any:
    app = typer.Typer()
    app.command()(init)
    given = ("--authority", "BNV", "--name", "Bộ Nội vụ", "--home", str(tmp_path))

    def run(*words: str, origin: str = ORIGIN) -> Any:
        told = ("--origin", origin, *given, "--redis-url", redis_url, *words)
        return CliRunner().invoke(app, told)

    return run


def entries(redis_url: str) -> Any:
    with redis.Redis.from_url(redis_url) as client:
        return client.xrange(LOG)


def test_founding_writes_the_first_entries_and_keeps_the_root_keys_public_half(
    found: Any, redis_url: str, tmp_path: Path
) -> None:
    done = found("--once")
    assert done.exit_code == 0, done.output
    record = json.loads((tmp_path / RECORD).read_text(encoding="utf-8"))
    assert record["origin"] == ORIGIN
    assert record["entries"] == len(entries(redis_url))
    assert record == json.loads(done.output)


def test_founding_the_same_log_once_more_changes_nothing(
    found: Any, redis_url: str, tmp_path: Path
) -> None:
    found("--once")
    before = entries(redis_url)
    (tmp_path / "keys/root.pem").unlink()
    done = found("--once")
    assert done.exit_code == 0, done.output
    assert "đã khởi tạo" in done.output
    assert entries(redis_url) == before
    assert not (tmp_path / "keys/root.pem").exists()


def test_founding_twice_without_once_is_refused(found: Any, redis_url: str) -> None:
    found()
    before = entries(redis_url)
    assert found().exit_code == 1
    assert entries(redis_url) == before


def test_another_log_is_never_founded_over_one_that_is_there(found: Any, redis_url: str) -> None:
    found("--once")
    before = entries(redis_url)
    assert found("--once", origin="khac.test/p0").exit_code == 1
    assert entries(redis_url) == before


def test_a_log_that_was_lost_is_not_founded_anew(found: Any, redis_url: str) -> None:
    found("--once")
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    done = found("--once")
    assert done.exit_code == 1
    assert "khôi phục" in done.output
    assert entries(redis_url) == []


@pytest.mark.parametrize(("origin", "code"), [(ORIGIN, 1), ("sandbox/thu", 0)])
def test_only_a_sandbox_chooses_its_first_moment(
    found: Any, redis_url: str, origin: str, code: int
) -> None:
    done = found("--founded-at", "2020-01-02T08:00:00+07:00", origin=origin)
    assert done.exit_code == code, done.output
    written = [fields[b"e"] for _, fields in entries(redis_url)]
    assert all(b'"rx":"2020-01-02T01:00:00.000Z"' in raw for raw in written)
    assert bool(written) == (code == 0)


def test_a_name_that_no_log_may_have_is_refused_before_anything_is_made(
    found: Any, tmp_path: Path
) -> None:
    assert found(origin="Không hợp lệ").exit_code == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "origin", "named"),
    [
        ((), "X", "không dùng được / not usable: origin"),
        (("--founded-at", "hôm qua"), "sandbox/so.test/p0", "cần thời điểm / a moment is needed"),
    ],
    ids=["origin", "moment"],
)
def test_a_name_or_a_moment_that_no_log_can_have_is_named_in_vietnamese_too(
    found: Any, redis_url: str, words: tuple[str, ...], origin: str, named: str
) -> None:
    told = found(*words, origin=origin)
    assert told.exit_code in (1, 2)
    assert named in " ".join(told.output.split())
    assert "pydantic" not in told.output
    assert entries(redis_url) == []
