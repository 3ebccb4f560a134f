"""The voting page's modules in Node.js, asked from Python line by line."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from services.ballots.page.site import STATIC

if TYPE_CHECKING:
    from types import TracebackType

ANSWERING: Final = Path(__file__).with_name("answering.mjs")


class ScriptFaultError(Exception):
    """What the script refused, by the place it names."""

    def __init__(self, fault: dict[str, str]) -> None:
        super().__init__(f"{fault['path']}: {fault['expected']}, given {fault['given']}")
        self.path = fault["path"]


class Script:
    """One Node.js process with the page's modules in it."""

    def __init__(self) -> None:
        self._node = subprocess.Popen(
            ["node", str(ANSWERING), str(STATIC)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._node.stdin
        assert self._node.stdout
        self._node.stdin.close()
        self._node.stdout.close()
        self._node.wait(20)

    def ask(self, what: str, **given: Any) -> Any:
        """What the script answers; raises ScriptFaultError for what it refuses."""
        assert self._node.stdin
        assert self._node.stdout
        self._node.stdin.write(json.dumps({"ask": what, **given}) + "\n")
        self._node.stdin.flush()
        line = self._node.stdout.readline()
        assert line, "the script ended"
        told = json.loads(line)
        if "fault" in told:
            raise ScriptFaultError(told["fault"])
        return told
