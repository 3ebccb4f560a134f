"""People at their own machines: each runs the commands in a folder of its own, with its own key and passphrase."""

from __future__ import annotations

import json
import sys
from contextlib import chdir
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest

from thidua.cli import app

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
    capture: pytest.CaptureFixture[str]
    typed: pytest.MonkeyPatch

    def run(self, *words: str, keyboard: str = "") -> Told:
        """One command, as it is typed; *keyboard* is what is answered to its questions."""
        self.typed.setattr(sys, "argv", ["thidua", *words])
        self.typed.setattr(sys, "stdin", StringIO(keyboard))
        self.typed.setenv("XDG_CONFIG_HOME", str(self.folder / "none"))
        self.typed.setenv("COLUMNS", "200")
        self.capture.readouterr()
        with chdir(self.folder), pytest.raises(SystemExit) as ended:
            app.main()
        said = self.capture.readouterr()
        return Told(int(ended.value.code or 0), said.out, said.err)

    def secretly(self, *words: str, keyboard: str = "") -> Told:
        """A command that needs the passphrase."""
        return self.run(*words, "--passphrase-file", "passphrase", keyboard=keyboard)

    def send(self, event: dict[str, Any]) -> Told:
        """An event from a file."""
        (self.folder / "event.json").write_text(json.dumps(event))
        return self.run("event", "send", "event.json")
