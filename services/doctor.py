"""``thidua doctor``: one file for whoever helps from afar, with what the processes say and nothing that is secret."""

from __future__ import annotations

import json
import platform
import re
import zipfile
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from services.condition import PROCESSES, condition
from services.status import PUBLISHED, Watch, addresses, lines_of, named
from thidua.cli.answers import SCHEMA_VERSION, note
from thidua.errors import RejectError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.condition import Look

DATE: Final = (1980, 1, 1, 0, 0, 0)
"""Of every member: the same condition makes the same file."""
_SECRET: Final = (
    re.compile(r"(?<=://)[^/@\s\"]+(?=@)"),
    re.compile(r"-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\Z)", re.DOTALL),
    re.compile(r"\bBearer\s+\S+", re.IGNORECASE),
)


class BundleThereError(RejectError):
    """A file of that name exists; nothing was overwritten."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} đã có / exists already; nothing was written")

    def diagnostics(self) -> str:
        """Name the option."""
        return "Chọn tên khác: --out TỆP. / Choose another name: --out FILE."


def bundle(look: Look, expected: frozenset[str]) -> dict[str, str]:
    """The members of the file by name, all of them text."""
    told = condition(look, look, expected)
    versions = {one.metadata["Name"]: one.version for one in distributions()}
    machine = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": dict(sorted(versions.items())),
    }
    members = {
        "status.txt": "\n".join(lines_of(told)) + "\n",
        "status.json": _json({"schema_version": SCHEMA_VERSION, **told.document()}),
        "door.json": _json(look.door),
        "archive.json": _json(look.archive),
        "machine.json": _json(machine),
        "figures.json": _json(
            {
                name: {" ".join(which).strip(): value for which, value in figures.items()}
                for name, figures in look.figures.items()
            }
        ),
    }
    return {name: without_secrets(text) for name, text in members.items()}


def without_secrets(text: str) -> str:
    """*text* with passwords in addresses, private keys and bearer tokens struck out."""
    for pattern in _SECRET:
        text = pattern.sub("…", text)
    return text


def write_bundle(path: Path, members: Mapping[str, str]) -> None:
    """Write the file for its owner's eyes; raises :class:`BundleThereError` rather than overwrite."""
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        raise BundleThereError(path) from None
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, text in sorted(members.items()):
            out.writestr(zipfile.ZipInfo(name, DATE), text.encode())


def doctor(
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("thidua-doctor.zip"),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be inside and write nothing.")
    ] = False,
    inside: Annotated[
        bool, typer.Option("--inside", help="Run inside a container of compose.")
    ] = False,
    at: Annotated[
        list[str] | None,
        typer.Option(help="Where a process is asked: NAME=URL, once for each.", metavar="NAME=URL"),
    ] = None,
) -> None:
    """
    Gói thông tin cho người hỗ trợ, không có bí mật. / A file for whoever helps you: no key, password or content of an event in it.

    Says what goes in before it writes.
    """
    given = dict(named(one) for one in at or ())
    watch = Watch(addresses(given, inside=inside))
    expected = frozenset(PROCESSES) if inside else PUBLISHED | given.keys()
    members = bundle(watch.look(), expected)
    for name, text in sorted(members.items()):
        note(f"{len(text.encode()):>8}  {name}")
    if not dry_run:
        write_bundle(out, members)
        typer.echo(str(out))


def _json(told: object) -> str:
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"
