"""
The vault's rows in a database of their own: kept while there is a ground for it, and deleted so that nothing is left.

What stays of an erased row names nobody: its ``ref`` is random and its commitment is public.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    delete,
    event,
    insert,
    make_url,
    select,
    update,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from thidua.errors import RejectError, RetryError
from thidua.vault import DisclosedRow

_TABLES: Final = MetaData()
_PLAIN: Final = ("unit", "subject", "field", "salt", "value", "commitment", "basis", "keep_until")
_rows: Final = Table(
    "vault",
    _TABLES,
    Column("ref", Text, primary_key=True),
    *(Column(name, Text, nullable=False) for name in _PLAIN),
)
_erasures: Final = Table(
    "erasure",
    _TABLES,
    Column("ref", Text, primary_key=True),
    *(
        Column(name, Text, nullable=False)
        for name in ("unit", "subject", "commitment", "ground", "basis")
    ),
    Column("position", Integer),
)


class VaultAwayError(RetryError):
    """The vault's database does not answer, or is none."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"kho dữ liệu cá nhân không trả lời / the vault does not answer: {reason}")

    def diagnostics(self) -> str:
        """Name the setting."""
        return "Xem THIDUA_VAULT_URL. / See THIDUA_VAULT_URL; nothing was changed."


class NotInVaultError(RejectError):
    """The vault holds no such row."""

    def __init__(self, ref: str) -> None:
        super().__init__(
            f"{ref}: kho không có, hoặc đã xóa / the vault holds no such row, or no more"
        )

    def diagnostics(self) -> str:
        """Name the command that tells."""
        return "Xem thidua vault list. / See thidua vault list."


class RefTakenError(RejectError):
    """A row with this ``ref`` and other content is or was there."""

    def __init__(self, ref: str) -> None:
        super().__init__(f"{ref}: đã dùng cho nội dung khác, hoặc đã xóa / taken, or erased before")

    def diagnostics(self) -> str:
        """Say how a value comes back."""
        return "Đơn vị lập cam kết mới với ref mới. / The unit commits anew under a new ref."


class VaultInUseError(RejectError):
    """Rows are brought back into an empty vault alone."""

    def __init__(self) -> None:
        super().__init__("kho không trống / the vault is not empty; nothing was changed")


class StillKeptError(RejectError):
    """The day until which a row is kept has not passed."""

    def __init__(self, ref: str, until: str) -> None:
        super().__init__(
            f"{ref}: còn thời hạn lưu đến hết ngày {until} / kept until the end of {until}"
        )

    def diagnostics(self) -> str:
        """Name the other grounds."""
        return "Xóa vì lý do khác thì ghi đúng lý do. / For another reason give that as its ground."


@dataclass(frozen=True, slots=True)
class Erasure:
    """What stays of an erased row; ``position`` is the entry that says so, ``None`` until it is known."""

    ref: str
    unit: str
    subject: str
    commitment: str
    ground: str
    basis: str
    position: int | None = None

    def data(self) -> dict[str, Any]:
        """What the log is told: the data of ``thidua.units.personal-data-erased.v1``."""
        told = {name: getattr(self, name) for name in ("unit", "commitment", "ground", "basis")}
        return {**told, "cycle": self.subject} if "/" in self.subject else told


class Vault:
    """
    The rows behind *url*, made on first use. SQLite or PostgreSQL; every call is one transaction.

    Raises :class:`VaultAwayError` for what the database says; its own words are never repeated, since they may
    hold a value.
    """

    def __init__(self, url: str) -> None:
        with _named():
            self._engine = _open(url)
            with self._engine.begin() as connection:
                _TABLES.create_all(connection)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def put(self, row: DisclosedRow) -> bool:
        """Keep a row; whether it is new. Raises :class:`RefTakenError` for other content under its ``ref``."""
        with self._work() as connection:
            kept = _row(connection, row.ref)
            if (kept is not None and kept != row) or _erasure(connection, row.ref) is not None:
                raise RefTakenError(row.ref)
            if kept is None:
                connection.execute(insert(_rows).values(**row.model_dump(mode="json")))
        return kept is None

    def get(self, ref: str) -> DisclosedRow:
        """A row; raises :class:`NotInVaultError`."""
        with self._work() as connection:
            found = _row(connection, ref)
        if found is None:
            raise NotInVaultError(ref)
        return found

    def kept(self) -> list[DisclosedRow]:
        """Every row, in order of unit and subject."""
        asked = select(_rows).order_by(_rows.c.unit, _rows.c.subject, _rows.c.ref)
        with self._work() as connection:
            return [_read(row) for row in connection.execute(asked).mappings()]

    def erased(self) -> list[Erasure]:
        """Every erasure, in order of unit and subject."""
        asked = select(_erasures).order_by(_erasures.c.unit, _erasures.c.subject, _erasures.c.ref)
        with self._work() as connection:
            return [Erasure(**row) for row in connection.execute(asked).mappings()]

    def erase(self, ref: str, *, ground: str, basis: str, today: date) -> Erasure:
        """
        Delete a row's bytes for good and note that it was; once erased, the erasure as it was first said.

        Raises :class:`NotInVaultError`, and :class:`StillKeptError` for the ground ``retention-over`` before its day.
        """
        with self._work() as connection:
            made = _erasure(connection, ref)
            if made is None:
                row = _row(connection, ref)
                if row is None:
                    raise NotInVaultError(ref)
                if ground == "retention-over" and today <= row.keep_until:
                    raise StillKeptError(ref, str(row.keep_until))
                made = Erasure(ref, row.unit, row.subject, row.commitment, ground, basis)
                connection.execute(insert(_erasures).values(asdict(made)))
                connection.execute(delete(_rows).where(_rows.c.ref == ref))
        with _named():
            # Also when it was erased before: that time the sweep may not have come.
            self._sweep()
        return made

    def bring(self, rows: Iterable[DisclosedRow], erased: Iterable[Erasure]) -> None:
        """Put back what a copy of the vault held; raises :class:`VaultInUseError` unless nothing is here."""
        with self._work() as connection:
            for table in (_rows, _erasures):
                if connection.execute(select(table.c.ref).limit(1)).first() is not None:
                    raise VaultInUseError
            for row in rows:
                connection.execute(insert(_rows).values(**row.model_dump(mode="json")))
            for one in erased:
                connection.execute(insert(_erasures).values(asdict(one)))

    def said(self, ref: str, position: int) -> None:
        """Note which entry says that a row was erased."""
        with self._work() as connection:
            mine = update(_erasures).where(_erasures.c.ref == ref)
            connection.execute(mine.values(position=position))

    @contextmanager
    def _work(self) -> Iterator[Connection]:
        with _named(), self._engine.begin() as connection:
            yield connection

    def _sweep(self) -> None:
        """Have PostgreSQL write the table anew: a deleted row else stays in its file until it is written over."""
        if self._engine.dialect.name == "postgresql":
            with self._engine.connect() as plain:
                alone = plain.execution_options(isolation_level="AUTOCOMMIT")
                alone.exec_driver_sql("VACUUM (FULL) vault")


def _row(connection: Connection, ref: str) -> DisclosedRow | None:
    found = connection.execute(select(_rows).where(_rows.c.ref == ref)).mappings().one_or_none()
    return None if found is None else _read(found)


def _read(found: Mapping[Any, Any]) -> DisclosedRow:
    return DisclosedRow.model_validate(
        {**found, "keep_until": date.fromisoformat(found["keep_until"])}
    )


def _erasure(connection: Connection, ref: str) -> Erasure | None:
    asked = select(_erasures).where(_erasures.c.ref == ref)
    found = connection.execute(asked).mappings().one_or_none()
    return None if found is None else Erasure(**found)


@contextmanager
def _named() -> Iterator[None]:
    """A block whose database faults have one name and carry no value."""
    try:
        yield
    except (SQLAlchemyError, ArgumentError, OSError) as error:
        raise VaultAwayError(type(error).__name__) from None


def _open(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return create_engine(parsed.set(drivername="postgresql+psycopg"), hide_parameters=True)
    if parsed.get_backend_name() != "sqlite":
        raise ArgumentError(parsed.get_backend_name())
    path = Path(parsed.database or "")
    # Made here, before SQLite would make it readable for everybody.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    engine = create_engine(parsed.set(drivername="sqlite"), hide_parameters=True)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _prepare(connection: Any, _: object) -> None:
    connection.isolation_level = None
    # A write-ahead log would keep what is deleted; secure_delete writes zeros over it in the file.
    for pragma in (
        "journal_mode=DELETE",
        "secure_delete=ON",
        "synchronous=FULL",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")
