"""``thidua excel template|check|import|export``: departments that live in Excel."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thidua.cli.answers import Exit, KeyFile, Kid, Origin, OutboxFolder, Source, Url, identity
from thidua.errors import RejectError
from thidua.excel.faults import ExcelMissingError
from thidua.excel.importing import OutboxSending, Sent, send_all
from thidua.excel.rules import Kind, Named, Rules, Told, gather, parse_events, read_events

if TYPE_CHECKING:
    from thidua.excel.checking import Report

MOST_BYTES = 64_000_000

app = typer.Typer(
    help="Biểu mẫu Excel: lấy mẫu, kiểm tra, nộp, xuất. / Excel forms: template, check, import, export.",
    no_args_is_help=True,
)

KindOf = Annotated[
    Kind,
    typer.Argument(
        help="dang-ky: đăng ký / registration; bao-cao: số liệu báo cáo / report figures; "
        "tu-cham: tự chấm / self-score; chi-tieu: chỉ tiêu giao ước / targets; ket-qua: kết quả / results."
    ),
]
Out = Annotated[Path, typer.Argument(help="Tệp .xlsx mới. / New .xlsx file.")]
From = Annotated[
    list[Path],
    typer.Option("--from", help="Tệp sự kiện (JSON, JWS, JSONL). / Files with events of the year."),
]
Cycle = Annotated[str | None, typer.Option(help="Năm thi đua: BVHTTDL/BGPB/2021.")]
Units = Annotated[
    list[str] | None, typer.Option("--unit", help="Chỉ các đơn vị này. / Only these.")
]
Workbook = Annotated[Path, typer.Argument(help="Tệp .xlsx đã điền. / The filled workbook.")]
AsJson = Annotated[bool, typer.Option("--json", help="Kết quả dạng JSON. / Machine-readable.")]


class FileError(RejectError):
    """A file cannot be read or written."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"{path}: {error.strerror or error}")

    def diagnostics(self) -> str:
        """Point at the path."""
        return "Kiểm tra đường dẫn và quyền đọc, ghi. / Check the path and its permissions."


@contextmanager
def _libraries() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise ExcelMissingError(str(error.name)) from None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES)
    except OSError as error:
        raise FileError(path, error) from None


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise FileError(path, error) from None
    typer.echo(f"→ {path}", err=True)


def _rules(kind: Kind, events: list[Told], cycle: str | None, units: list[str] | None) -> Rules:
    rules = gather(kind, events, cycle)
    if not units:
        return rules
    names = {one.code: one for one in rules.units}
    chosen = tuple(names.get(code, Named(code=code, name=code)) for code in units)
    return rules.model_copy(update={"units": chosen})


@app.command("template")
def make_template(
    kind: KindOf, out: Out, sources: From, cycle: Cycle = None, unit: Units = None
) -> None:
    """
    Tạo tệp mẫu từ quy chế của năm. / Make the workbook to fill in from the year's rules.

    Ví dụ: thidua excel template tu-cham tu-cham-LCA.xlsx --from nam-2020.jsonl --cycle BVHTTDL/BGPB/2020 --unit LCA
    """
    with _libraries():
        from thidua.excel.template import template  # noqa: PLC0415 - part of thidua[excel]
    events = [event for path in sources for event in read_events(path)]
    _write(out, template(_rules(kind, events, cycle, unit)))


@app.command("check")
def check_workbook(
    file: Workbook,
    marked: Annotated[
        Path | None, typer.Option(help="Tệp trả lại, thêm cột “Lỗi”. / Your workbook, marked.")
    ] = None,
    events: Annotated[
        Path | None, typer.Option(help="Tệp sự kiện chưa ký (JSON). / Unsigned events.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """
    Kiểm tra, nêu mọi lỗi theo trang, dòng, cột. / Name every fault; nothing is sent.

    Ví dụ: thidua excel check tu-cham-LCA.xlsx --marked tu-cham-LCA-loi.xlsx
    """
    report = _checked(_read(file))
    if marked is not None:
        with _libraries():
            from thidua.excel.marking import marked as mark  # noqa: PLC0415 - part of thidua[excel]
        book = mark(report)
        if book is not None:
            _write(marked, book)
    if events is not None and not report.faults:
        _write(events, unsigned(report.events()))
    _tell(report, as_json=as_json)
    if report.faults:
        raise typer.Exit(Exit.REFUSED)


def unsigned(events: list[dict[str, Any]]) -> bytes:
    """The file of unsigned events: one as ``thidua event send`` takes it, several as an array."""
    document = events[0] if len(events) == 1 else events
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


@app.command("import")
def import_workbook(
    file: Annotated[
        Path, typer.Argument(help="Tệp .xlsx, hoặc tệp sự kiện .json đã kiểm tra. / Or events.")
    ],
    *,
    key_file: KeyFile = None,
    kid: Kid = None,
    source: Source = None,
    origin: Origin = None,
    url: Url = None,
    outbox: OutboxFolder = None,
    first: Annotated[
        int, typer.Option("--from-event", min=1, help="Nộp tiếp từ sự kiện thứ n. / Go on from.")
    ] = 1,
    dry_run: Annotated[bool, typer.Option(help="Chỉ kiểm tra. / Check only.")] = False,
    as_json: AsJson = False,
) -> None:
    """
    Kiểm tra rồi ký và nộp; còn một lỗi thì không nộp gì. / Check, sign, send; with one fault nothing is sent.

    Sent through the outbox, so that a cut line loses nothing: run it again, the same rows are the same events.

    Ví dụ: thidua excel import ket-qua.xlsx
    """
    who = identity(key_file=key_file, kid=kid, source=source, origin=origin, url=url, outbox=outbox)
    events, report = _events_of(file, who.values.get("source", ""))
    if report is not None and (report.faults or dry_run):
        _tell(report, as_json=as_json)
        raise typer.Exit(Exit.REFUSED if report.faults else 0)
    if dry_run:
        typer.echo(f"{len(events)} sự kiện / events", err=True)
        return

    def told(number: int, sent: Sent) -> None:
        if not as_json:
            rows = _rows(report, first - 1 + number)
            typer.echo(f"{first + number}\t{rows}\t{sent.outcome}\t{sent.position}\t{sent.hash}")

    client = who.client()
    with closing(client.door):
        results = send_all(events[first - 1 :], OutboxSending(client), told)
    _end(results, len(events) - first + 1, first, as_json=as_json)


@app.command("export")
def export_workbook(
    kind: KindOf, out: Out, sources: From, cycle: Cycle = None, unit: Units = None
) -> None:
    """
    Ghi các sự kiện đã có vào đúng biểu mẫu để xem, sửa, nộp lại. / Recorded events in the same form.

    Ví dụ: thidua excel export tu-cham da-nop.xlsx --from nam-2020.jsonl --cycle BVHTTDL/BGPB/2020
    """
    with _libraries():
        from thidua.excel.exporting import exported  # noqa: PLC0415 - part of thidua[excel]
    events = [event for path in sources for event in read_events(path)]
    rules = _rules(kind, events, cycle, unit)
    wanted = set(unit or ())
    said = [one for one in events if not wanted or one.data.get("unit") in {None, *wanted}]
    _write(out, exported(rules, said))


def _checked(raw: bytes, unit: str | None = None) -> Report:
    with _libraries():
        from thidua.excel.checking import check  # noqa: PLC0415 - part of thidua[excel]
    return check(raw, unit=unit)


def _events_of(file: Path, source: str) -> tuple[list[Told], Report | None]:
    raw = _read(file)
    if file.suffix.lower() in {".json", ".jsonl"}:
        return parse_events(raw.decode("utf-8", "replace"), file), None
    unit = source.removeprefix("/units/") if source.startswith("/units/") else None
    report = _checked(raw, unit)
    return [draft.told for draft in report.drafts], report


def _rows(report: Report | None, number: int) -> str:
    if report is None:
        return "-"
    return ",".join(map(str, report.drafts[number].rows))


def _tell(report: Report, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(report.document(), ensure_ascii=False, indent=1))
        return
    for fault in report.faults:
        typer.echo(fault.text())
    if report.faults:
        typer.echo(
            f"{len(report.faults)} lỗi; chưa có gì được nộp. / {len(report.faults)} faults; nothing was sent.",
            err=True,
        )
    else:
        typer.echo(
            f"Đạt: {len(report.drafts)} sự kiện, {report.skipped} dòng chưa điền được bỏ qua. "
            f"/ Good: {len(report.drafts)} events, {report.skipped} rows not filled in.",
            err=True,
        )


def _end(results: list[Sent], wanted: int, first: int, *, as_json: bool) -> None:
    recorded = sum(sent.outcome == "recorded" for sent in results)
    last = results[-1] if results else None
    if as_json:
        told = [{"outcome": one.outcome, "hash": one.hash, **one.document} for one in results]
        summary = {"schema_version": 1, "recorded": recorded, "asked": wanted, "results": told}
        typer.echo(json.dumps(summary, ensure_ascii=False, indent=1))
    typer.echo(f"Đã ghi nhận {recorded}/{wanted}. / Recorded {recorded} of {wanted}.", err=True)
    if last is None or last.outcome == "recorded":
        return
    fix = last.document.get("fix_vi", "Hãy chạy lại khi nối được máy chủ.")
    words = last.document.get("detail_vi", "Máy chủ không trả lời.")
    typer.echo(
        f"Dừng ở sự kiện {first + recorded}: {words} {fix} "
        f"Sửa rồi nộp tiếp với --from-event {first + recorded}. / Stopped; mend it and go on from there.",
        err=True,
    )
    if last.outcome in {"queued", "signed"}:
        typer.echo(
            "Sự kiện này nằm trong hộp gửi; chạy lại lệnh khi có mạng. / It is kept in the outbox: run it again.",
            err=True,
        )
        sys.exit(Exit.UNAVAILABLE)
    sys.exit(Exit.PARTLY if recorded else Exit.REFUSED)
