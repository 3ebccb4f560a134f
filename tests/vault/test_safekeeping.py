"""The vault's copy lies apart, is held to its hashes, and what was erased never comes back from it."""

from __future__ import annotations

import stat
from datetime import date
from typing import TYPE_CHECKING

import pytest
import redis
from typer.testing import CliRunner

from services.vault.command import app
from services.vault.safekeeping import FILE, read_copy
from services.vault.store import Vault, VaultInUseError
from tests.audit.persons import NAMES, REFS, commitment, erased, row
from tests.reporting.entries import AUTHORITY, MINISTRY, Entries
from thidua.log import Names
from thidua.tlog.faults import ArchiveFaultError

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

BASIS = "Điều 14 Luật 91/2025/QH15"


class Kept:
    """A vault of two rows with a copy, and a Redis whose log says what was erased."""

    def __init__(self, folder: Path, redis_url: str) -> None:
        self.folder = folder
        self.copy = folder / "copy"
        (folder / "redis-url").write_text(redis_url, encoding="utf-8")
        vault = self.vault("first")
        for code in NAMES:
            vault.put(row(code))
        vault.close()
        assert self.backup("first", self.copy).exit_code == 0

    def url(self, name: str) -> str:
        return f"sqlite:///{self.folder}/{name}.sqlite3"

    def vault(self, name: str) -> Vault:
        return Vault(self.url(name))

    def backup(self, name: str, folder: Path) -> Result:
        return CliRunner().invoke(app, ["backup", str(folder), "--vault", self.url(name)])

    def restore(self, name: str) -> Result:
        asked = ["--redis-url-file", str(self.folder / "redis-url"), "--vault", self.url(name)]
        return CliRunner().invoke(app, ["restore", str(self.copy), *asked])


@pytest.fixture
def kept(tmp_path: Path, redis_url: str) -> Kept:
    return Kept(tmp_path, redis_url)


def test_rows_and_erasures_come_back_into_an_empty_vault_as_they_were(kept: Kept) -> None:
    first = kept.vault("first")
    first.erase(REFS["LCA"], ground="request", basis=BASIS, today=date(2026, 2, 10))
    kept.copy = kept.folder / "later"
    assert kept.backup("first", kept.copy).exit_code == 0
    done = kept.restore("second")
    assert done.exit_code == 0, done.output
    second = kept.vault("second")
    assert (second.kept(), second.erased()) == (first.kept(), first.erased())
    first.close()
    second.close()


def test_what_the_log_says_was_erased_after_the_copy_does_not_come_back(
    kept: Kept, redis_url: str
) -> None:
    said = Entries()
    said.says(MINISTRY, erased("LCA"), AUTHORITY)
    with redis.Redis.from_url(redis_url) as client:
        for position, raw in said.raw:
            client.xadd(Names().log, {"e": raw}, id=f"{position}-0")
    done = kept.restore("second")
    assert done.exit_code == 0, done.output
    assert "1 giữ / kept, 0 đã xóa / erased, 1 xóa sau" in done.output
    second = kept.vault("second")
    assert [one.unit for one in second.kept()] == ["HGI"]
    [gone] = second.erased()
    assert (gone.commitment, gone.ref) == (commitment("LCA"), REFS["LCA"])
    second.close()
    assert NAMES["LCA"].encode() not in (kept.folder / "second.sqlite3").read_bytes()


def test_nothing_is_brought_back_into_a_vault_that_holds_something(kept: Kept) -> None:
    assert isinstance(kept.restore("first").exception, VaultInUseError)


def test_only_its_owner_reads_the_copy_and_a_changed_byte_is_named_without_a_value(
    kept: Kept,
) -> None:
    path = kept.copy / FILE
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR
    assert {one.value for one in read_copy(kept.copy).rows} == set(NAMES.values())
    path.write_bytes(path.read_bytes().replace(b"2027", b"2072", 1))
    with pytest.raises(ArchiveFaultError, match=FILE) as told:
        read_copy(kept.copy)
    assert not any(name in str(told.value) for name in NAMES.values())
