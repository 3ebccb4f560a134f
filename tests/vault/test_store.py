"""The vault's store: what is erased is gone from its very bytes, what stays names nobody, and nothing comes back."""

from __future__ import annotations

import stat
from datetime import date
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import make_url

from services.vault.store import (
    NotInVaultError,
    RefTakenError,
    StillKeptError,
    Vault,
    VaultAwayError,
)
from tests.audit.persons import CYCLE, NAMES, REFS, commitment, row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TODAY = date(2026, 2, 10)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("new_postgres_database")())
    return f"sqlite:///{tmp_path}/vault.sqlite3"


@pytest.fixture
def vault(url: str) -> Iterator[Vault]:
    opened = Vault(url)
    opened.put(row("LCA"))
    opened.put(row("HGI"))
    yield opened
    opened.close()


def erase(vault: Vault, code: str = "LCA", **changed: Any) -> Any:
    given = {"ground": "request", "basis": "Điều 14 Luật 91/2025/QH15", "today": TODAY, **changed}
    return vault.erase(REFS[code], **given)


def test_what_is_put_is_kept_over_a_restart_and_put_again_changes_nothing(
    vault: Vault, url: str
) -> None:
    assert not vault.put(row("LCA"))
    again = Vault(url)
    assert again.get(REFS["LCA"]) == row("LCA")
    assert again.kept() == [row("HGI"), row("LCA")]
    again.close()


def test_no_value_is_swapped_for_another(vault: Vault) -> None:
    with pytest.raises(RefTakenError):
        vault.put(row("LCA", value="Người Khác"))
    assert vault.get(REFS["LCA"]) == row("LCA")


def test_an_erased_row_is_gone_once_and_for_all_and_its_erasure_names_nobody(vault: Vault) -> None:
    made = erase(vault)
    assert vault.kept() == [row("HGI")]
    with pytest.raises(NotInVaultError):
        vault.get(REFS["LCA"])
    with pytest.raises(RefTakenError):
        vault.put(row("LCA"))
    assert made.data() == {
        "unit": "LCA",
        "commitment": commitment("LCA"),
        "ground": "request",
        "basis": "Điều 14 Luật 91/2025/QH15",
    }
    assert erase(vault, "HGI").data()["cycle"] == CYCLE
    assert vault.kept() == []


def test_erasing_again_is_the_same_erasure_as_it_was_first_said(vault: Vault) -> None:
    first = erase(vault)
    assert erase(vault, ground="agreement", basis="khác") == first
    vault.said(first.ref, 40)
    assert [one.position for one in vault.erased()] == [40]
    assert erase(vault).position == 40


def test_what_was_never_there_is_not_erased(vault: Vault) -> None:
    with pytest.raises(NotInVaultError):
        vault.erase("A" * 22, ground="request", basis="Điều 14", today=TODAY)


def test_retention_is_over_on_the_day_after_the_last_one_and_no_sooner(vault: Vault) -> None:
    last = row("LCA").keep_until
    with pytest.raises(StillKeptError):
        erase(vault, ground="retention-over", today=last)
    assert vault.get(REFS["LCA"])
    assert erase(vault, ground="retention-over", today=date(2028, 1, 1)).ground == "retention-over"


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_the_erased_value_and_salt_are_in_no_byte_of_the_sqlite_file(tmp_path: Path) -> None:
    vault = Vault(f"sqlite:///{tmp_path}/vault.sqlite3")
    for number in range(200):
        vault.put(row("LCA", ref=f"{number:021}A", value=f"{NAMES['LCA']} {number:03}"))
    vault.put(row("HGI"))
    wanted = [NAMES["LCA"].encode(), row("LCA").salt.encode()]
    assert all(one in bytes_of(tmp_path) for one in wanted)
    for number in range(200):
        vault.erase(f"{number:021}A", ground="request", basis="Điều 14", today=TODAY)
    left = bytes_of(tmp_path)
    assert not any(one in left for one in wanted)
    assert NAMES["HGI"].encode() in left
    vault.close()
    assert not any(one in bytes_of(tmp_path) for one in wanted)


def test_the_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    Vault(f"sqlite:///{tmp_path}/vault.sqlite3").close()
    assert stat.S_IMODE((tmp_path / "vault.sqlite3").stat().st_mode) == 0o600


@pytest.mark.postgres
def test_postgresql_writes_the_table_anew_without_what_was_erased(postgres_url: str) -> None:
    vault = Vault(postgres_url)
    vault.put(row("LCA"))
    plain = make_url(postgres_url).set(drivername="postgresql")
    with psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True) as admin:
        asked = "SELECT pg_relation_filenode('vault')"
        before = admin.execute(asked).fetchone()
        erase(vault)
        assert admin.execute(asked).fetchone() != before
    vault.close()


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "nothing", "mysql://a/b", "sqlite:////no/such/folder/vault.sqlite3"],
)
def test_a_vault_that_cannot_be_opened_is_named_without_its_address(url: str) -> None:
    with pytest.raises(VaultAwayError) as refused:
        Vault(url)
    assert "folder" not in str(refused.value)


def test_a_database_that_is_none_is_named_without_what_it_said(tmp_path: Path) -> None:
    (tmp_path / "vault.sqlite3").write_bytes(b"no database, but " + NAMES["LCA"].encode() * 99)
    with pytest.raises(VaultAwayError) as refused:
        Vault(f"sqlite:///{tmp_path}/vault.sqlite3")
    assert NAMES["LCA"] not in str(refused.value)
