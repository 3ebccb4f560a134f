"""The scan hook: a command of the operator's, or a clamd over TCP; what it does not call clean stays away."""

from __future__ import annotations

import shlex
import socket
import struct
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from thidua.errors import RetryError, SettingsError
from thidua.evidence import pieces

if TYPE_CHECKING:
    from pathlib import Path

SECONDS: Final = 120.0
FILE: Final = "{file}"
SETTING: Final = "THIDUA_EVIDENCE_SCAN"

Scan = Callable[["Path"], bool]
"""Whether a file is clean; raises :class:`ScannerAwayError` when nobody can say."""


class ScannerAwayError(RetryError):
    """The scanner gave no verdict; the file waits."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"no verdict of the scanner: {reason}")

    def diagnostics(self) -> str:
        """Name the setting."""
        return f"See that the scanner of {SETTING} runs; files wait in quarantine until it does."


def scanner(setting: str) -> Scan | None:
    """
    The scanner of a setting: ``tcp://host:3310`` is a clamd, anything else a command, empty none.

    A command gets the file's path where it says ``{file}``, else at its end; it answers by its exit
    status as clamscan does: 0 clean, 1 infected. Raises :class:`SettingsError` when it cannot be read.
    """
    if not setting:
        return None
    if setting.startswith("tcp://"):
        try:
            address = urlsplit(setting)
            host, port = address.hostname, address.port or 3310
        except ValueError as error:
            raise SettingsError(SETTING, str(error)) from None
        if host is None:
            raise SettingsError(SETTING, "tcp://host:port is needed")
        return lambda path: _clamd(host, port, path)
    try:
        words = shlex.split(setting)
    except ValueError as error:
        raise SettingsError(SETTING, str(error)) from None
    if not any(FILE in word for word in words):
        words.append(FILE)
    return lambda path: _command([word.replace(FILE, str(path)) for word in words])


def _command(words: list[str]) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own command, without a shell
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ScannerAwayError(type(error).__name__) from error
    if done.returncode not in (0, 1):
        raise ScannerAwayError(f"exit status {done.returncode}")
    return done.returncode == 0


def _clamd(host: str, port: int, path: Path) -> bool:
    """Ask by INSTREAM: the bytes go over the wire, so clamd needs no look at our disk."""
    try:
        with socket.create_connection((host, port), timeout=SECONDS) as clamd:
            clamd.sendall(b"zINSTREAM\0")
            for piece in pieces(path):
                clamd.sendall(struct.pack(">I", len(piece)) + piece)
            clamd.sendall(struct.pack(">I", 0))
            answer = b""
            while not answer.endswith(b"\0") and (more := clamd.recv(4096)):
                answer += more
    except OSError as error:
        raise ScannerAwayError(type(error).__name__) from error
    told = answer.rstrip(b"\0\n ")
    if told.endswith(b" FOUND"):
        return False
    if told.endswith(b": OK"):
        return True
    raise ScannerAwayError(ascii(told[:80]))
