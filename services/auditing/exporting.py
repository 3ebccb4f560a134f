"""A held log written out for people with other tools: events, every read model, a dictionary, and hashes of all files."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import xlsxwriter

from services.auditing.dictionary import meanings
from services.auditing.replaying import replayed
from services.reporting.columns import as_json
from services.reporting.projections import ALL
from thidua.base64url import encode_base64url
from thidua.clock import LOCAL, format_ms, from_ms, parse_instant
from thidua.errors import RejectError, StopError
from thidua.knowledge import recorded_event
from thidua.log.entry import read_entry
from thidua.signing import parse_jws
from thidua.tlog.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Table

    from services.reporting.reading import Reading
    from services.reporting.rows import Row
    from thidua.audit.held import HeldFolder
    from thidua.log.entry import Entry

FORMATS: Final = ("jsonl", "csv", "xlsx", "parquet")
USUAL: Final = ("jsonl", "csv", "xlsx")
BOM: Final = "\ufeff"
EVENTS: Final = "events.jsonl"
DICTIONARY: Final = "dictionary.csv"
SUMS: Final = "SHA256SUMS"
README: Final = "README.txt"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_POINTS: Final = re.compile(r"-?\d{1,9}(\.\d{1,6})?", re.ASCII)
_MOST_CELL: Final = 32_767
_WIDTH: Final = 18


class FormatError(RejectError):
    """A format that is unknown, or whose library is not installed here."""

    def __init__(self, given: str) -> None:
        why = (
            "cần cài pyarrow; gói này không kèm theo / needs pyarrow, which is not installed"
            if given == "parquet"
            else f"không có dạng này / no such format; {', '.join(FORMATS)}"
        )
        super().__init__(f"{given}: {why}")


class FolderInUseError(RejectError):
    """The folder to write to holds something already."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: không trống, không ghi đè / is not empty, nothing was written")


class NothingYetError(RejectError):
    """No entry had arrived at the moment asked for: there is nothing to write."""

    def __init__(self) -> None:
        super().__init__("chưa có mục nào đến lúc đó / no entry had arrived by then")


class EmptyModelError(StopError):
    """A read model is empty though the log holds events that fill it: publishing that would mislead."""

    def __init__(self, model: str, kinds: list[str]) -> None:
        super().__init__(
            f"{model}: trống dù nhật ký có / is empty though the log has {', '.join(kinds)}"
        )


@dataclass(slots=True)
class Exported:
    """What was written: each file's SHA-256 by name, and the empty tables with their reason."""

    position: int
    files: dict[str, str] = field(default_factory=dict)
    empty: dict[str, str] = field(default_factory=dict)


def export(held: HeldFolder, position: int, to: Path, formats: list[str]) -> Exported:
    """
    Write the first *position* entries and the read models after them into the empty folder *to*.

    The same log gives the same bytes. Raises :class:`FormatError`, :class:`NothingYetError`, :class:`FolderInUseError`,
    :class:`EmptyModelError`.
    """
    for one in formats:
        if one not in FORMATS or (one == "parquet" and find_spec("pyarrow") is None):
            raise FormatError(one)
    if position == 0:
        raise NothingYetError
    if to.exists() and any(to.iterdir()):
        raise FolderInUseError(to)
    done = Exported(position)
    kinds, last_ms = _events(held, position, to, done, write="jsonl" in formats)
    with replayed(held.pages, position) as read:
        tables = [(table, read.rows(table)) for model in ALL for table in model.tables]
        _hold_whole(read, kinds, done)
    if "csv" in formats:
        for table, rows in tables:
            _put(to, f"csv/{table.name}.csv", _csv(table, rows), done)
    if "xlsx" in formats:
        _put(to, "tables.xlsx", _workbook(tables, from_ms(last_ms)), done)
    if "parquet" in formats:
        for table, rows in tables:
            _put(to, f"parquet/{table.name}.parquet", _parquet(table, rows), done)
    _put(to, DICTIONARY, _dictionary(done), done)
    _put(to, README, _readme(held, done).encode(), done)
    sums = "".join(f"{value}  {name}\n" for name, value in sorted(done.files.items()))
    write_whole(to / SUMS, sums.encode())
    return done


def _put(to: Path, name: str, data: bytes, done: Exported) -> None:
    write_whole(to / name, data)
    done.files[name] = hashlib.sha256(data).hexdigest()


def _events(
    held: HeldFolder, position: int, to: Path, done: Exported, *, write: bool
) -> tuple[set[str], int]:
    """Write every entry as a line; the types that were recorded, and the last arrival."""
    kinds: set[str] = set()
    last_ms = 0
    digest = hashlib.sha256()
    path = to / EVENTS
    to.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{EVENTS}.tmp")
    with beside.open("wb") as file:
        for at, raw in held.entries(0, position):
            entry = read_entry(at, raw)
            last_ms = max(last_ms, entry.rx_ms)
            if entry.is_recorded:
                kinds.add(type(recorded_event(entry).data).TYPE)
            line = as_json(_line(entry)).encode() + b"\n"
            digest.update(line)
            file.write(line)
    if write:
        beside.replace(path)
        done.files[EVENTS] = digest.hexdigest()
    else:
        beside.unlink()
    return kinds, last_ms


def _line(entry: Entry) -> dict[str, Any]:
    told: dict[str, Any] = {
        "position": entry.position,
        "entry_hash": encode_base64url(hashlib.sha256(entry.raw).digest()),
        "rx": format_ms(entry.rx_ms),
        "by": entry.by,
        "outcome": "recorded" if entry.is_recorded else "refused",
    }
    if entry.refused is not None:
        told["refused"] = dict(entry.refused)
    if entry.jws is not None:
        parsed = parse_jws(entry.jws)
        told |= {"hash": parsed.hash, "kid": parsed.kid, "event": json.loads(parsed.payload)}
    if entry.said is not None:
        told |= {"hash": entry.said["hash"], "said": dict(entry.said)}
    return told


def _hold_whole(read: Reading, kinds: set[str], done: Exported) -> None:
    """Say why a table is empty; a model that should not be is a fault."""
    for model in ALL:
        empty = [table.name for table in model.tables if not read.count(table)]
        wanted = sorted(kind.TYPE for kind in model.fillers if kind.TYPE in kinds)
        if len(empty) == len(model.tables) and wanted:
            raise EmptyModelError(model.name, wanted)
        why = (
            "không sự kiện nào đến vị trí này để lại dòng ở đây / no event up to here leaves a row"
        )
        done.empty |= dict.fromkeys(empty, why)


def _csv(table: Table, rows: list[Row]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column.name for column in table.columns])
    writer.writerows([[_cell(row[column.name]) for column in table.columns] for row in rows])
    return (BOM + out.getvalue()).encode()


def _cell(value: Any) -> str:
    """A value as a spreadsheet may open it: text that would be a formula begins with an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool | int):
        return str(value).lower() if isinstance(value, bool) else str(value)
    told = value if isinstance(value, str) else as_json(value)
    return f"'{told}" if told.startswith(_FORMULA) else told


def _workbook(tables: list[tuple[Table, list[Row]]], created: datetime) -> bytes:
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(out, {**options, "remove_timezone": True})
    book.set_properties({"title": "Thi đua", "created": created.replace(tzinfo=None)})
    formats = {
        "head": book.add_format({"bold": True, "bg_color": "#F4F4F2"}),
        "moment": book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"}),
        "day": book.add_format({"num_format": "dd/mm/yyyy"}),
        "points": book.add_format({"num_format": "0.0##"}),
    }
    known = meanings()[1]
    for table, rows in tables:
        sheet = book.add_worksheet(table.name)
        sheet.freeze_panes(1, 0)
        for at, column in enumerate(table.columns):
            sheet.set_column(at, at, _WIDTH)
            sheet.write_string(0, at, column.name, formats["head"])
            for line, row in enumerate(rows, 1):
                _write(sheet, line, at, known[column.name].kind, row[column.name], formats)
    book.close()
    return out.getvalue()


def _write(sheet: Any, line: int, at: int, kind: str, value: Any, formats: dict[str, Any]) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(line, at, value)
    elif isinstance(value, int):
        sheet.write_number(line, at, value)
    elif not isinstance(value, str):
        sheet.write_string(line, at, as_json(value)[:_MOST_CELL])
    elif kind == "points" and _POINTS.fullmatch(value):
        sheet.write_number(line, at, float(Decimal(value)), formats["points"])
    elif kind in ("moment", "day") and (moment := _moment(value)) is not None:
        sheet.write_datetime(line, at, moment, formats[kind])
    else:
        sheet.write_string(line, at, value[:_MOST_CELL])


def _moment(value: str) -> datetime | None:
    try:
        if "T" in value:
            return parse_instant(value).astimezone(LOCAL).replace(tzinfo=None)
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _parquet(table: Table, rows: list[Row]) -> bytes:
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    names = [column.name for column in table.columns]
    held = {
        name: [
            one if one is None or isinstance(one, str | int) else as_json(one)
            for one in (row[name] for row in rows)
        ]
        for name in names
    }
    out = arrow.BufferOutputStream()
    parquet.write_table(arrow.Table.from_pydict(held), out)
    return bytes(out.getvalue())


def _dictionary(done: Exported) -> bytes:
    tables, columns = meanings()
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("model", "table", "column", "kind", "vi", "en", "empty"))
    for model, table in _all_tables():
        about = tables[table.name]
        writer.writerow(
            (model, table.name, "", "table", about.vi, about.en, done.empty.get(table.name, ""))
        )
        for column in table.columns:
            one = columns[column.name]
            writer.writerow((model, table.name, one.name, one.kind, one.vi, one.en, ""))
    return (BOM + out.getvalue()).encode()


def _all_tables() -> Iterator[tuple[str, Table]]:
    for model in ALL:
        for table in model.tables:
            yield model.name, table


def _readme(held: HeldFolder, done: Exported) -> str:
    return (
        f"Sổ / log: {held.checkpoint.origin}\n"
        f"Tính đến vị trí / as of position: {done.position}\n"
        f"Điểm niêm / checkpoint: {held.checkpoint.short}\n\n"
        f"{held.checkpoint.note}\n"
        f"{DICTIONARY}: nghĩa của từng cột / what every column means\n"
        f"{EVENTS}: mỗi dòng một mục của nhật ký / one entry of the log a line\n"
        f"{SUMS}: mã băm từng tệp / the hash of every file\n"
        "Thời điểm là UTC trong CSV, giờ Việt Nam trong XLSX. / Times are UTC in CSV, Vietnam's in XLSX.\n"
        "Chữ bắt đầu bằng = + - @ có thêm dấu ' trong CSV. / Text beginning with = + - @ is led by ' in CSV.\n"
    )
