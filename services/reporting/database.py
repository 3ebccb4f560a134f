"""
The database of the read models: one engine by URL, and generations of tables in it.

A generation is a full set of read models, built from position 1 by one version of the projections.
One is live; another may be built beside it. Readers ask which one is live once per request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    inspect,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.pool import StaticPool

from services.reporting.columns import METADATA, Document, number
from thidua.errors import RetryError

State = Literal["live", "building", "kept"]

OWN: Final = MetaData()
"""Tables outside the generations."""

generations: Final = Table(
    "generation",
    OWN,
    number("generation", key=True),
    Column("state", Text, nullable=False),
    Column("version", Text, nullable=False),
    number("position"),
    Column("columns", Document, nullable=False),
)

_IMMEDIATE: Final = "thidua_immediate"
_PG_LOCK: Final = 7_446_438
_SOON_TOLD: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""A server that went away without a word, as behind a cut line, is noticed within half a minute, not hours."""


class FencedError(RetryError):
    """Another replica moved the position of this generation, or another generation went live."""

    def __init__(self, generation: int, position: int) -> None:
        super().__init__(f"generation {generation} is no longer at position {position}")
        self.generation = generation
        self.position = position


@dataclass(frozen=True, slots=True)
class Generation:
    """One set of read models and how far it has followed the log."""

    number: int
    state: State
    version: str
    position: int
    columns: Mapping[str, list[str]]


def open_engine(url: str) -> Engine:
    """
    The engine behind *url*; the names of asynchronous drivers mean their synchronous likes.

    SQLite runs with WAL, so that readers never wait for the projector.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            pool_size=8,
            connect_args=_SOON_TOLD,
        )
    else:
        options: dict[str, Any] = {"connect_args": {"timeout": 30}}
        if not parsed.database:
            # All threads must see the one database that is only in memory.
            options = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
        engine = create_engine(parsed.set(drivername="sqlite"), **options)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:
    # The driver must not begin transactions by itself: readers need theirs around SELECT.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "cache_size=-16000",
        "wal_autocheckpoint=4000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get(_IMMEDIATE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextmanager
def writing(engine: Engine, *, lasting: bool = True) -> Iterator[Connection]:
    """
    One writing transaction, committed at the end.

    One that need not be *lasting* may be lost by a crash of the server, as a whole: the log brings it again.
    """
    with engine.connect().execution_options(**{_IMMEDIATE: True}) as connection, connection.begin():
        if engine.dialect.name == "postgresql" and not lasting:
            connection.execute(text("SET LOCAL synchronous_commit TO off"))
        yield connection


@contextmanager
def looking(engine: Engine) -> Iterator[Connection]:
    """One reading transaction: all that is read in it is of one moment."""
    with engine.connect() as plain:
        connection = plain
        if engine.dialect.name == "postgresql":
            connection = plain.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


def prepare(engine: Engine) -> None:
    """Make the tables outside the generations when they are missing."""
    with writing(engine) as connection:
        lock_changes(connection)
        OWN.create_all(connection)


def is_prepared(engine: Engine) -> bool:
    """Whether the tables outside the generations are there: nobody projected before they are."""
    return inspect(engine).has_table(generations.name)


def lock_changes(connection: Connection) -> None:
    """Let one process at a time change which generations there are."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_PG_LOCK})"))


def all_generations(connection: Connection) -> list[Generation]:
    """Every generation, oldest first."""
    found = connection.execute(select(generations).order_by(generations.c.generation))
    return [
        Generation(row.generation, row.state, row.version, row.position, row.columns)
        for row in found
    ]


def live_generation(connection: Connection) -> Generation | None:
    """The generation that readers see; ``None`` before the first start."""
    return next((g for g in all_generations(connection) if g.state == "live"), None)


def table_of(number: int, table: Table) -> Table:
    """*table* as it is called in the generation."""
    known = _COPIES.setdefault(number, MetaData())
    name = f"g{number}_{table.name}"
    if name in known.tables:
        return known.tables[name]
    return table.to_metadata(known, name=name)


_COPIES: Final[dict[int, MetaData]] = {}


def create_generation(connection: Connection, state: State, version: str) -> Generation:
    """A new, empty generation with all tables of the read models."""
    number = max((g.number for g in all_generations(connection)), default=0) + 1
    columns = {name: [c.name for c in table.columns] for name, table in METADATA.tables.items()}
    for table in METADATA.sorted_tables:
        table_of(number, table).create(connection)
    connection.execute(
        generations.insert().values(
            generation=number, state=state, version=version, position=0, columns=columns
        )
    )
    return Generation(number, state, version, 0, columns)


def make_indexes(connection: Connection, generation: Generation) -> None:
    """Make the indexes that came later than this generation; they change neither rows nor versions."""
    for table in METADATA.sorted_tables:
        for index in table_of(generation.number, table).indexes:
            index.create(connection, checkfirst=True)


def drop_generation(connection: Connection, generation: Generation) -> None:
    """Remove a generation and its tables."""
    there = set(inspect(connection).get_table_names())
    quote = connection.dialect.identifier_preparer.quote
    for name in generation.columns:
        if (full := f"g{generation.number}_{name}") in there:
            connection.exec_driver_sql(f"DROP TABLE {quote(full)}")
    connection.execute(generations.delete().where(generations.c.generation == generation.number))
    _COPIES.pop(generation.number, None)


def move_position(connection: Connection, generation: Generation, before: int, after: int) -> None:
    """Move a generation's position in this transaction; ``FencedError`` when it was moved by another."""
    mine = generations.c
    moved = connection.execute(
        update(generations)
        .where(
            mine.generation == generation.number,
            mine.position == before,
            mine.state == generation.state,
        )
        .values(position=after)
    )
    if moved.rowcount != 1:
        raise FencedError(generation.number, before)
