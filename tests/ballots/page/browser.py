"""Debian's Chromium without a window, driven over its DevTools protocol through two pipes."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import subprocess
import time
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

PATIENCE: Final = 30.0
_ARGUMENTS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--remote-debugging-pipe",
    "--window-size=900,1100",
    "--host-resolver-rules=MAP so.example.vn 127.0.0.1",
)
_KEYS: Final = {
    "Tab": ("Tab", 9, ""),
    "Enter": ("Enter", 13, "\r"),
    "Space": ("Space", 32, " "),
    "ArrowDown": ("ArrowDown", 40, ""),
}


class Browser:
    """One Chromium with one page; what the page throws, logs as an error or violates is kept in ``faults``."""

    def __init__(self, folder: Path) -> None:
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        # Chromium reads on 3 and writes on 4: what is passed on must not be in their place.
        passed = [fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (to_read, to_write)]
        os.close(to_read)
        os.close(to_write)
        command = [
            "bash", "-c", f'exec "$@" 3<&{passed[0]} 4>&{passed[1]}', "chromium",
            "chromium", *_ARGUMENTS, f"--user-data-dir={folder / 'chromium'}", "about:blank",
        ]  # fmt: skip
        with (folder / "chromium.log").open("wb") as log:
            self._process = subprocess.Popen(
                command, pass_fds=passed, stdout=log, stderr=subprocess.STDOUT
            )
        for fd in passed:
            os.close(fd)
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        self.faults: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait(20)
        os.close(self._write)
        os.close(self._read)

    def call(self, method: str, **given: Any) -> Any:
        """What a command of the protocol answers."""
        self._number += 1
        asked: dict[str, Any] = {"id": self._number, "method": method, "params": given}
        if self._session is not None:
            asked["sessionId"] = self._session
        os.write(self._write, json.dumps(asked).encode() + b"\0")
        while (told := self._message()).get("id") != self._number:
            self._noticed(told)
        assert "error" not in told, (method, told["error"])
        return told["result"]

    def open(self, url: str) -> None:
        """Load *url*; once more where the machine's network changed meanwhile, on which Chromium breaks loading off."""
        known = len(self.faults)
        self.call("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")
        if any("ERR_NETWORK_CHANGED" in fault for fault in self.faults[known:]):
            del self.faults[known:]
            self.open(url)

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        told = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def until(self, condition: str) -> float:
        """Return when *condition* holds in the page: the seconds that took."""
        began = time.monotonic()
        while not self.run(f"Boolean({condition})"):
            assert time.monotonic() < began + PATIENCE, (condition, self.text(), self.faults)
            time.sleep(0.02)
        return time.monotonic() - began

    def sees(self, id_: str) -> bool:
        """Whether the element is shown."""
        return bool(self.run(f"document.getElementById({id_!r})?.checkVisibility() ?? false"))

    def shows(self, id_: str) -> None:
        """Return when the element is shown."""
        self.until(f"document.getElementById({id_!r})?.checkVisibility()")

    def text(self, id_: str = "noi-dung") -> str:
        """What is read in the element."""
        return str(self.run(f"document.getElementById({id_!r})?.innerText ?? ''"))

    def click(self, id_: str) -> None:
        """Click the element as a person does: where it stands."""
        place = self.run(
            f"(() => {{ const e = document.getElementById({id_!r}); e.scrollIntoView({{block: 'center'}});"
            " const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call(
                "Input.dispatchMouseEvent",
                type=kind, x=place[0], y=place[1], button="left", clickCount=1,
            )  # fmt: skip

    def click_submit(self, form: str) -> None:
        """Click the button that sends a form."""
        self.run(f"document.querySelector('#{form} [type=submit]').id ||= '{form}-submit'")
        self.click(str(self.run(f"document.querySelector('#{form} [type=submit]').id")))

    def type(self, text: str) -> None:
        """Type *text* where the focus is."""
        self.call("Input.insertText", text=text)

    def press(self, key: str, *, times: int = 1, back: bool = False) -> None:
        """Press a key."""
        code, number, letter = _KEYS[key]
        shift = 8 if back else 0
        for _ in range(times):
            down = {"type": "keyDown" if letter else "rawKeyDown", "text": letter}
            for kind in (down, {"type": "keyUp"}):
                self.call(
                    "Input.dispatchKeyEvent",
                    key=letter if letter == " " else key, code=code,
                    windowsVirtualKeyCode=number, modifiers=shift, **kind,
                )  # fmt: skip

    @property
    def focus(self) -> str:
        """The id of the element that has the focus."""
        return str(self.run("document.activeElement?.id ?? ''"))

    def choose_file(self, id_: str, path: Path) -> None:
        """Choose a file in a file field."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=f"#{id_}")["nodeId"]
        self.call("DOM.setFileInputFiles", files=[str(path)], nodeId=node)

    def download(self, id_: str, folder: Path) -> Path:
        """Click a link that gives a file, and return when the file is there."""
        folder.mkdir()
        self.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        self.click(id_)
        until = time.monotonic() + PATIENCE
        while not (found := [one for one in folder.iterdir() if one.suffix != ".crdownload"]):
            assert time.monotonic() < until
            time.sleep(0.02)
        return found[0]

    def picture(self, path: Path) -> None:
        """Keep what is seen of the whole page."""
        told = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(told["data"]))

    def _message(self) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0, until - time.monotonic()))
            assert ready, "Chromium does not answer"
            read = os.read(self._read, 1 << 20)
            assert read, "Chromium ended"
            self._buffer += read
        whole, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(whole)
        return message

    def _noticed(self, message: dict[str, Any]) -> None:
        if message.get("method") == "Runtime.exceptionThrown":
            details = message["params"]["exceptionDetails"]
            self.faults.append(
                str(details.get("exception", {}).get("description", details["text"]))
            )
        if message.get("method") == "Log.entryAdded":
            entry = message["params"]["entry"]
            if entry["level"] == "error":
                self.faults.append(f"{entry['text']} {entry.get('url', '')}")
