"""What every table and column of the read models means, in Vietnamese and English, and how it is typed."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE: Final = "dictionary.tsv"
_TABLE: Final = "table"


class Meaning(NamedTuple):
    """What a table or a column holds; ``kind`` is one of code, text, points, moment, day, number, flag, json, hash, position."""

    kind: str
    name: str
    vi: str
    en: str


@cache
def meanings() -> tuple[Mapping[str, Meaning], Mapping[str, Meaning]]:
    """The meanings of tables and of columns, by name."""
    text = files("services.auditing").joinpath(_FILE).read_text(encoding="utf-8")
    _, *lines = text.splitlines()
    found = [Meaning(*line.split("\t")) for line in lines]
    tables = {one.name: one for one in found if one.kind == _TABLE}
    return tables, {one.name: one for one in found if one.kind != _TABLE}
