"""
The columns read models are made of: plain texts, numbers, flags and documents.

Moments, days and points are kept as the texts they have in the log, so that every database holds
the same values and one fingerprint fits all.
"""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic_core import to_json
from sqlalchemy import BigInteger, Boolean, Column, Integer, MetaData, Table, Text
from sqlalchemy.types import TypeDecorator

METADATA: Final = MetaData()
"""Every read model's tables under their plain names; a generation holds copies of them."""

BOUND_TO_LOG: Final = "bound_to_log"
"""
Mark of columns that depend on where in one log something stands.

Positions and event hashes do, and a service's own ``seq`` and ids, which follow from hashes.
"""

APPENDED: Final = "appended"
"""Mark of tables whose rows are written once and never read while projecting."""


def as_json(value: object) -> str:
    """The one JSON text of *value*: sorted names, no spaces, Vietnamese as it is."""
    return _ENCODER.encode(value)


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def row_json(row: list[Any]) -> bytes:
    """What :func:`as_json` writes of a row's values, in UTF-8."""
    for place, value in enumerate(row):
        kind = type(value)
        if kind in _PLAIN:
            continue
        if kind is not dict or not _PLAIN.issuperset(map(type, value.values())):
            return as_json(row).encode()
        row[place] = dict(sorted(value.items()))
    return to_json(row)


_PLAIN: Final = frozenset({str, int, bool, type(None)})
"""What both writers write alike, of which the quicker one does not sort names."""


class Document(TypeDecorator[Any]):
    """A list or mapping, kept as JSON text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:  # noqa: ARG002 - the signature is the library's
        """Write it as its one JSON text."""
        return None if value is None else as_json(value)

    def process_result_value(self, value: Any, dialect: Any) -> Any:  # noqa: ARG002 - the signature is the library's
        """Read it back."""
        return None if value is None else json.loads(value)


_WHOLE = BigInteger().with_variant(Integer(), "sqlite")


def text(name: str, *, key: bool = False, index: bool = False) -> Column[Any]:
    """A text: a code, a name, a moment, a day, points."""
    return Column(name, Text, primary_key=key, index=index or None)


def number(name: str, *, key: bool = False) -> Column[Any]:
    """A whole number."""
    return Column(name, _WHOLE, primary_key=key, autoincrement=False)


def flag(name: str) -> Column[Any]:
    """Yes or no."""
    return Column(name, Boolean)


def document(name: str) -> Column[Any]:
    """A list or a mapping without positions or hashes of events in it."""
    return Column(name, Document)


def bound(column: Column[Any]) -> Column[Any]:
    """The column, marked as depending on where in one log something stands."""
    column.info[BOUND_TO_LOG] = True
    return column


def position(name: str = "position", *, key: bool = False) -> Column[Any]:
    """A position in the log."""
    return bound(number(name, key=key))


def event_hash(name: str = "hash", *, index: bool = False) -> Column[Any]:
    """An event's hash; a service's own event has another one wherever its chain ran otherwise."""
    return bound(text(name, index=index))


def read_model(name: str, *columns: Column[Any], appended: bool = False) -> Table:
    """A table of a read model."""
    return Table(name, METADATA, *columns, info={APPENDED: appended})
