"""The command tree: the library's commands, and those an installed application registers."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points

import typer

from thidua.cli import (
    ballot,
    events,
    evidence,
    excel,
    keygen,
    keys,
    outbox,
    packages,
    personal,
    receipts,
    trustee,
    verify,
    witness,
)
from thidua.cli.answers import MachineFaultError, fail
from thidua.errors import ThiduaError

app = typer.Typer(
    name="thidua",
    help="Thi đua – khen thưởng: gửi sự kiện đã ký và xem kết quả. / Publish signed events and see what became of them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("keygen")(keygen.keygen)
app.add_typer(keys.app, name="key")
app.add_typer(events.app, name="event")
app.add_typer(evidence.app, name="evidence")
app.command("verify")(verify.verify_folder)
app.add_typer(witness.app, name="witness")
app.add_typer(outbox.app, name="outbox")
app.add_typer(packages.app, name="package")
app.add_typer(receipts.app, name="receipt")
app.add_typer(personal.app, name="personal")
app.add_typer(excel.app, name="excel")
app.add_typer(ballot.app, name="ballot")
app.add_typer(trustee.app, name="trustee")


def main() -> None:
    """Run the command; what a person can mend is said in one or two lines, never as a trace."""
    for point in _wanted(sys.argv[1:2]):
        command = point.load()
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=point.name)
        else:
            app.command(point.name)(command)
    try:
        app()
    except ThiduaError as error:
        sys.exit(fail(error))
    except OSError as error:
        sys.exit(fail(MachineFaultError(error)))


def _wanted(asked: list[str]) -> list[EntryPoint]:
    """The application's command that is asked for; all of them for help and for words that are no command."""
    points = list(entry_points(group="thidua.commands"))
    own = {one.name for one in app.registered_commands} | {
        one.name for one in app.registered_groups
    }
    if set(asked) & own:
        return []
    return [point for point in points if point.name in asked] or points
