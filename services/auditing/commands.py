"""``thidua replay``, ``diff``, ``explain``, ``export`` and ``minutes``: each holds the folder to its policy before it says anything."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from redis.exceptions import RedisError

from services.auditing import saying
from services.auditing.explaining import NoSuchResultError, explain
from services.auditing.exporting import USUAL, export
from services.auditing.minuting import minutes_document, minutes_of, say_minutes, write_paper
from services.auditing.replaying import changes, model_named, published_prints, replayed, rows_of
from services.reporting.fingerprint import fingerprints_of, versions
from services.reporting.projections.timeline import happening
from thidua.audit.asking import MomentError, position_before, read_moment
from thidua.audit.comparing import compare
from thidua.audit.held import NEWEST, HeldFolder, hold
from thidua.audit.verifying import policy_in
from thidua.errors import RejectError, ThiduaError
from thidua.log import Names
from thidua.log.redis_log import RedisLog
from thidua.stream import new_client
from thidua.tlog.faults import ArchiveFaultError
from thidua.tlog.prints import compare as compare_prints

if TYPE_CHECKING:
    from collections.abc import Iterator

EXIT_USAGE = 2
EXIT_FAILS = 4
EXIT_UNAVAILABLE = 7
EXIT_NOT_CHECKED = 9
PAGE = 1000

Folder = Annotated[
    Path, typer.Argument(help="The archive's folder, as copied.", show_default=False)
]
PolicyFile = Annotated[
    Path, typer.Option(help="Policy file got on another way: log key, witnesses, root key.")
]
At = Annotated[
    str,
    typer.Option(help="Position, day, time, 'checkpoint', or the file of a kept checkpoint."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]


class _UsageError(RejectError):
    """The options given do not go together."""


@contextmanager
def _answered() -> Iterator[None]:
    """Turn what is wrong into one line and its exit code: 2 usage, 4 a proof says no, 7 Redis away, 9 not checked."""
    try:
        yield
    except (MomentError, NoSuchResultError, _UsageError) as error:
        typer.echo(f"{error}", err=True)
        raise typer.Exit(EXIT_USAGE) from None
    except ArchiveFaultError as error:
        typer.echo(f"KHÔNG ĐÚNG / A proof says no: {error}\n{error.diagnostics()}", err=True)
        raise typer.Exit(EXIT_FAILS) from None
    except RedisError as error:
        typer.echo(f"Redis không trả lời / does not answer: {error}", err=True)
        raise typer.Exit(EXIT_UNAVAILABLE) from None
    except (RejectError, ValueError) as error:
        typer.echo(f"{error}", err=True)
        raise typer.Exit(EXIT_USAGE) from None
    except (ThiduaError, OSError) as error:
        typer.echo(f"CHƯA KIỂM ĐƯỢC / Could not be checked: {error}", err=True)
        raise typer.Exit(EXIT_NOT_CHECKED) from None


def _held(folder: Path, policy: Path) -> HeldFolder:
    return hold(folder, policy_in(policy, folder))


def _print(document: dict[str, Any], words: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, indent=1) if as_json else words)


def replay(
    folder: Annotated[Path | None, typer.Argument(help="The archive's folder.")] = None,
    policy: Annotated[Path | None, typer.Option(help="Policy file; needed with a folder.")] = None,
    redis: Annotated[
        str | None, typer.Option(help="Read the log from Redis instead: nothing is proven then.")
    ] = None,
    at: At = NEWEST,
    model: Annotated[
        str | None, typer.Option(help="Give the rows of one read model instead.")
    ] = None,
    as_json: Json = False,
) -> None:
    """
    Phát lại nhật ký đến một thời điểm. / Replay the log up to a moment: the read models and their fingerprints.

    Exit 4 when a proof says no, or when the figures published for that position are others; 9 when some of them
    cannot be compared, because another release projected them.
    """
    with _answered():
        held: HeldFolder | None = None
        document: dict[str, Any]
        if redis is not None:
            entries = asyncio.run(_entries(redis))
            position = _position_in(entries, at)
            sealed = None
        elif folder is not None and policy is not None:
            held = _held(folder, policy)
            position, sealed = held.position(at), held.checkpoint.short
            entries = []
        else:
            raise _UsageError(
                "cần FOLDER và --policy, hoặc --redis / FOLDER and --policy, or --redis"
            )

        def pages(after: int, most: int) -> list[tuple[int, bytes]]:
            return held.pages(after, most) if held else entries[after : after + most]

        with replayed(pages, position) as read:
            found = fingerprints_of(read)
            published = published_prints(held, position) if held else None
            compared = compare_prints(published, found, versions()) if published else None
            document = {
                "schema_version": 1,
                "position": position,
                "checkpoint": held.checkpoint.note if held else None,
                "fingerprints": found,
                "versions": versions(),
                "published": dict(published.prints) if published else None,
                "published_versions": dict(published.versions) if published else None,
            }
            if model is not None:
                tables = model_named(model).tables
                rows = {table.name: list(rows_of(read, table).values()) for table in tables}
                document = {**document, "model": model, "tables": rows}
                words = saying.say_rows(position, sealed, rows)
            else:
                words = saying.say_prints(position, sealed, found, compared)
    _print(document, words, as_json=as_json)
    if compared is not None and (compared.differing or compared.unlike):
        raise typer.Exit(EXIT_FAILS if compared.differing else EXIT_NOT_CHECKED)


def diff(
    folder: Folder,
    policy: PolicyFile,
    other: Annotated[Path | None, typer.Argument(help="The other copy's folder.")] = None,
    between: Annotated[
        tuple[str, str] | None, typer.Option(help="Two positions or times of the one folder.")
    ] = None,
    as_json: Json = False,
) -> None:
    """
    So hai bản sao, hoặc hai thời điểm của một sổ. / Compare two copies, or two moments of one.

    Exit 4 when two copies part: then both signed checkpoints are printed, which together prove it.
    """
    with _answered():
        held = _held(folder, policy)
        if (other is None) == (between is None):
            raise _UsageError(
                "cần thư mục thứ hai hoặc --between P1 P2 / a second folder or --between"
            )
        if other is not None:
            document, words, parts = _compared(held, _held(other, policy))
        else:
            first, second = sorted(held.position(one) for one in between or ())
            found = changes(held.pages, first, second)
            parts = False
            document = {
                "schema_version": 1,
                "between": [first, second],
                "changes": [
                    {
                        "model": one.model,
                        "table": one.table,
                        "key": list(one.key),
                        "columns": {name: list(pair) for name, pair in one.columns.items()},
                    }
                    for one in found
                ],
            }
            words = saying.say_changes(first, second, found)
    _print(document, words, as_json=as_json)
    if parts:
        raise typer.Exit(EXIT_FAILS)


def explain_result(
    folder: Folder,
    result: Annotated[
        list[str],
        typer.Argument(
            help="award CYCLE UNIT TITLE | ranking CYCLE [UNIT] | ballot CYCLE BALLOT | pledge CYCLE | unit AUTHORITY UNIT"
        ),
    ],
    policy: PolicyFile,
    at: At = NEWEST,
    as_json: Json = False,
) -> None:
    """
    Giải thích một kết quả từ các sự kiện đã ký. / Explain a result by the signed events it follows from.

    Exit 0 only when the chain is complete and every figure worked out again is the recorded one; 4 otherwise.
    """
    with _answered():
        held = _held(folder, policy)
        chain = explain(held, result, held.position(at))
    document = {**chain.document(), "checkpoint": held.checkpoint.note}
    _print(document, saying.say_chain(chain, held.checkpoint), as_json=as_json)
    if chain.findings:
        raise typer.Exit(EXIT_FAILS)


def export_folder(
    folder: Folder,
    policy: PolicyFile,
    to: Annotated[Path, typer.Option(help="An empty folder to write to.")],
    formats: Annotated[
        str, typer.Option("--format", help="Of jsonl, csv, xlsx, parquet, by commas.")
    ] = ",".join(USUAL),
    at: At = NEWEST,
    as_json: Json = False,
) -> None:
    """Xuất sự kiện và số liệu ra tệp, kèm từ điển. / Write events and figures to files, with a dictionary."""
    with _answered():
        held = _held(folder, policy)
        done = export(held, held.position(at), to, [one.strip() for one in formats.split(",")])
    document = {
        "schema_version": 1,
        "position": done.position,
        "files": done.files,
        "empty": done.empty,
    }
    _print(document, saying.say_export(done, to), as_json=as_json)


def minutes(
    folder: Folder,
    cycle: Annotated[str, typer.Argument(help="The cycle: BVHTTDL/BGPB/2020.", show_default=False)],
    ballot: Annotated[str, typer.Argument(help="The ballot: phieu-1.", show_default=False)],
    policy: PolicyFile,
    at: At = NEWEST,
    docx: Annotated[
        Path | None,
        typer.Option(help="Also write them as a Word file to complete and sign; a new file."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Lập lại biên bản kiểm phiếu từ bản sao kho lưu. / Make the counting minutes anew, to hold a printed paper to."""
    with _answered():
        held = _held(folder, policy)
        made = minutes_of(held, cycle, ballot, held.position(at))
        if docx is not None:
            write_paper(docx, made.paper)
    document = {**minutes_document(made.minutes), "checkpoint": held.checkpoint.note}
    words = say_minutes(made.minutes)
    if docx is not None:
        print_of = sha256(made.paper).hexdigest()
        document["docx"] = {"file": str(docx), "sha256": print_of}
        words += f"\nĐã ghi / written\t{docx}\tSHA-256 {print_of}"
    _print(document, words, as_json=as_json)


def _compared(first: HeldFolder, second: HeldFolder) -> tuple[dict[str, Any], str, bool]:
    found = compare(first, second)
    document: dict[str, Any] = {
        "schema_version": 1,
        "common": found.common,
        "parts": found.parts,
        "checkpoints": [found.first.note, found.second.note],
    }
    sentences: list[str] = []
    if found.parts:
        for held in (first, second):
            with replayed(held.pages, found.common + 1) as read:
                told = happening(read, position=found.common + 1)
            sentences.append(f"{told.vi} / {told.en}" if told else "–")
        document["entries"] = sentences
    return document, saying.say_compared(found, sentences), found.parts


def _position_in(entries: list[tuple[int, bytes]], at: str) -> int:
    if at == NEWEST:
        return len(entries)
    moment = read_moment(at)
    if isinstance(moment, int):
        if moment > len(entries):
            raise _UsageError(f"vị trí / position {moment} > {len(entries)}")
        return moment
    return position_before(entries, moment)


async def _entries(url: str) -> list[tuple[int, bytes]]:
    client = new_client(url)
    try:
        log = RedisLog(client, Names())
        entries: list[tuple[int, bytes]] = []
        while page := await log.read(len(entries), PAGE):
            entries += [(entry.position, entry.raw) for entry in page]
        return entries
    finally:
        await client.aclose()
