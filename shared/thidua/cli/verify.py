"""``thidua verify``: an auditor's check of an archive folder, offline, against a policy got on paper."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from thidua.audit.checks import CHECKS, Verdict
from thidua.audit.disclosed import RowFound, bring
from thidua.audit.verifying import Task, Verified, policy_in, verify
from thidua.errors import ThiduaError
from thidua.tlog.faults import ArchiveUnreadableError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from importlib.metadata import EntryPoint

    from thidua.audit.parts import Rebuild

EXIT_FAILS = 4
EXIT_NOT_CHECKED = 9

SIGNS = {
    Verdict.HOLDS: "✓ đúng / holds",
    Verdict.FAILS: "✗ SAI / FAILS",
    Verdict.NOTHING: "– không có gì / nothing to check",
    Verdict.NOT_CHECKED: "? CHƯA KIỂM / NOT CHECKED",
}


def verify_folder(
    folder: Annotated[
        Path,
        typer.Argument(help="The archive's folder, as copied or exported.", show_default=False),
    ],
    policy: Annotated[
        Path,
        typer.Option(help="Policy file got on another way: log key, witnesses, quorum, root key."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    signatures: Annotated[
        bool, typer.Option(help="Check every event's signature; without it the exit is never 0.")
    ] = True,
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0 = one a core.")] = 0,
    resume: Annotated[
        Path | None, typer.Option(help="File that keeps which signatures were checked.")
    ] = None,
    disclosure: Annotated[
        list[Path] | None,
        typer.Option(help="Personal data disclosed to you, signed: held against its commitments."),
    ] = None,
) -> None:
    """
    Kiểm tra kho lưu, ngoại tuyến. / Verify an archive, offline.

    Exit 0 only if all was checked and holds; 4 when a proof says no; 9 when something could not be checked.
    """
    try:
        if not folder.is_dir():
            raise ArchiveUnreadableError(str(folder), "không phải thư mục / is no folder")
        known = policy_in(policy, folder)
        task = Task(
            folder,
            known,
            judges=tuple(point.load() for point in entry_points(group="thidua.judges")),
            rebuilding=_rebuilding(),
            signatures=signatures,
            jobs=jobs,
            resume=resume,
            disclosures=tuple(map(bring, disclosure or ())),
        )
        found = _with_progress(task, quiet=as_json)
    except ThiduaError as error:
        typer.echo(f"{error}\n{error.diagnostics()}", err=True)
        raise typer.Exit(EXIT_NOT_CHECKED) from None
    if as_json:
        typer.echo(json.dumps(found.document(), ensure_ascii=False, indent=1))
    else:
        typer.echo(report(found))
    if not found.holds:
        raise typer.Exit(EXIT_FAILS if found.fails else EXIT_NOT_CHECKED)


def report(found: Verified) -> str:
    """The report in words, Vietnamese first."""
    lines = [
        f"Sổ / log        {found.origin}",
        f"Số mục / entries {found.size}",
        f"Gốc / root      {found.root or '–'}",
        "",
    ]
    for one in found.results:
        check = CHECKS[one.check]
        number = f" ({one.count})" if one.count is not None else ""
        lines.append(
            f"{one.check} {SIGNS[one.verdict]}{number} · {check.title_vi} / {check.title_en}"
        )
        if one.verdict in (Verdict.FAILS, Verdict.NOT_CHECKED):
            at = f"vị trí / position {one.position}: " if one.position is not None else ""
            told = one.vi if one.vi == one.en else f"{one.vi} / {one.en}"
            lines.append(f"      {at}{told}")
    lines += [_row(one) for one in found.disclosed]
    if said := found.counts.get("said"):
        lines.append(
            f"Sai dạng, không xét lại được / refused for their form, not judged again: {said}"
        )
    return "\n".join([*lines, "", _sentence(found)])


def _row(one: RowFound) -> str:
    told = f"      {one.ref} {one.unit} {one.field}: mở cam kết ở mục / opens entry {one.position}"
    erased = f"đã xóa theo mục / erased by entry {one.erased}"
    return told if one.erased is None else f"{told}; {erased}"


def _sentence(found: Verified) -> str:
    if found.fails:
        bad = next(one for one in found.results if one.verdict is Verdict.FAILS)
        at = f", vị trí / position {bad.position}" if bad.position is not None else ""
        return f"KHÔNG ĐÚNG: {bad.check}{at}. / A proof says no: {bad.check}."
    if found.holds:
        return f"ĐÚNG: {found.size} mục, đã kiểm tất cả. / Everything was checked and holds."
    return "CHƯA KIỂM HẾT, chưa thể kết luận. / Not everything could be checked: no conclusion."


@dataclass(frozen=True, slots=True)
class _Registered:
    """The application's own way of rebuilding, imported only in the process that does so."""

    point: EntryPoint

    def __call__(self) -> AbstractContextManager[Rebuild]:
        rebuilding: AbstractContextManager[Rebuild] = self.point.load()()
        return rebuilding


def _rebuilding() -> _Registered | None:
    found = [*entry_points(group="thidua.rebuild")]
    return _Registered(found[0]) if found else None


def _with_progress(task: Task, *, quiet: bool) -> Verified:
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        return verify(task)
    words = TextColumn("Kiểm tra / verifying {task.completed:.0f}/{task.total:.0f}")
    columns = (words, BarColumn(), TimeRemainingColumn())
    # It draws from this thread alone: verify() forks its workers only where no other thread runs.
    with Progress(*columns, console=console, auto_refresh=False) as bar:
        row = bar.add_task("verify", total=1)

        def show(done: int, total: int) -> None:
            bar.update(row, completed=done, total=total, refresh=True)

        return verify(task, show)
