"""The command tree: the library's commands, and those an installed application registers."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points

import typer

from thidua.cli import events, excel, keygen
from thidua.errors import ThiduaError

EXIT_UNEXPECTED = 1
EXIT_UNAVAILABLE = 7

app = typer.Typer(
    name="thidua",
    help="Thi đua – khen thưởng: gửi sự kiện đã ký và xem kết quả. / Publish signed events and see what became of them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("keygen")(keygen.keygen)
app.add_typer(events.app, name="event")
app.add_typer(excel.app, name="excel")
app.command("receipt")(events.receipt)


def main() -> None:
    """Run the command; what a person can mend is said in one or two lines, never as a trace."""
    for point in entry_points(group="thidua.commands"):
        command = point.load()
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=point.name)
        else:
            app.command(point.name)(command)
    try:
        app()
    except ThiduaError as error:
        typer.echo(f"{error}\n{error.diagnostics()}", err=True)
        sys.exit(EXIT_UNAVAILABLE if "answer" in str(error) else EXIT_UNEXPECTED)
