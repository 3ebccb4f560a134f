"""People at their own machines: each runs the commands in a folder of its own, with its own key and passphrase."""

from __future__ import annotations

import json
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest

from tests.shared.custody.desks import CHEAP
from thidua.cli import app, custody

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Told:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass
class Person:
    """Who sits at *folder*."""

    folder: Path

    def run(self, *words: str, keyboard: str = "") -> Told:
        """One command, as it is typed; *keyboard* is what is answered to its questions."""
        out, err = StringIO(), StringIO()
        with pytest.MonkeyPatch.context() as here, chdir(self.folder):
            here.setattr(sys, "argv", ["thidua", *words])
            here.setattr(sys, "stdin", StringIO(keyboard))
            here.setattr(custody, "COST", CHEAP)
            here.setenv("XDG_CONFIG_HOME", str(self.folder / "none"))
            here.setenv("COLUMNS", "200")
            with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
                app.main()
        return Told(int(ended.value.code or 0), out.getvalue(), err.getvalue())

    def secretly(self, *words: str, keyboard: str = "") -> Told:
        """A command that needs the passphrase."""
        return self.run(*words, "--passphrase-file", "passphrase", keyboard=keyboard)

    def send(self, event: dict[str, Any]) -> Told:
        """An event from a file."""
        (self.folder / "event.json").write_text(json.dumps(event))
        return self.run("event", "send", "event.json")

    def settle(self, source: str, settings: dict[str, str]) -> None:
        """Say once who sits here, and where the door and the archive are."""
        values = {
            "source": source,
            "key_file": "key.pem",
            "outbox": "outbox",
            "policy": "policy.txt",
            "custody": "custody",
            **settings,
        }
        text = "".join(f'{name} = "{value}"\n' for name, value in values.items())
        (self.folder / "thidua.toml").write_text(text)
