"""A file is kept only when the scanner calls it clean; a scanner that gives no verdict makes it wait."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.units.evidence.scanning import ScannerAwayError, scanner
from tests.units.evidence.files import EICAR, PDF
from thidua.embedded import free_port
from thidua.errors import SettingsError

STUB = """
import sys
found = b"EICAR-STANDARD" in open(sys.argv[1], "rb").read()
sys.exit(1 if found else 0)
"""


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    path = tmp_path / "a file.pdf"
    path.write_bytes(PDF)
    return path


@pytest.fixture
def infected(tmp_path: Path) -> Path:
    path = tmp_path / "infected.pdf"
    path.write_bytes(PDF + EICAR)
    return path


@pytest.fixture
def command(tmp_path: Path) -> str:
    """A scanner as a process of its own."""
    stub = tmp_path / "stub.py"
    stub.write_text(STUB, encoding="utf-8")
    return f"{sys.executable} {stub}"


@pytest.fixture
def clamd() -> Iterator[Callable[[bytes | None], str]]:
    """A stub of clamd that speaks INSTREAM; given an answer it says that, whatever comes."""
    servers: list[socket.socket] = []

    def serve(server: socket.socket, answer: bytes | None) -> None:
        peer, _ = server.accept()
        with peer, peer.makefile("rb") as come:
            assert come.read(10) == b"zINSTREAM\0"
            content = b""
            while size := int.from_bytes(come.read(4), "big"):
                content += come.read(size)
            found = b"EICAR-STANDARD" in content
            verdict = b"stream: Eicar-Test-Signature FOUND\0" if found else b"stream: OK\0"
            peer.sendall(verdict if answer is None else answer)

    def start(answer: bytes | None) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)
        threading.Thread(target=serve, args=(server, answer), daemon=True).start()
        return f"tcp://127.0.0.1:{server.getsockname()[1]}"

    yield start
    for server in servers:
        server.close()


def test_a_command_finds_what_is_infected(command: str, clean: Path, infected: Path) -> None:
    for setting in (command, f"{command} {{file}}"):
        scan = scanner(setting)
        assert scan is not None
        assert scan(clean)
        assert not scan(infected)


def test_a_clamd_finds_what_is_infected(
    clamd: Callable[[bytes | None], str], clean: Path, infected: Path
) -> None:
    for path, verdict in ((clean, True), (infected, False)):
        scan = scanner(clamd(None))
        assert scan is not None
        assert scan(path) is verdict


@pytest.mark.parametrize("answer", [b"", b"stream: INSTREAM size limit exceeded. ERROR\0"])
def test_a_clamd_without_a_verdict_makes_the_file_wait(
    clamd: Callable[[bytes | None], str], clean: Path, answer: bytes
) -> None:
    scan = scanner(clamd(answer))
    assert scan is not None
    with pytest.raises(ScannerAwayError):
        scan(clean)


@pytest.mark.parametrize("setting", ["/no/such/scanner", f"{sys.executable} -c 'exit(2)'"])
def test_a_command_without_a_verdict_makes_the_file_wait(setting: str, clean: Path) -> None:
    scan = scanner(setting)
    assert scan is not None
    with pytest.raises(ScannerAwayError):
        scan(clean)


def test_a_clamd_that_is_not_there_makes_the_file_wait(clean: Path) -> None:
    scan = scanner(f"tcp://127.0.0.1:{free_port()}")
    assert scan is not None
    with pytest.raises(ScannerAwayError):
        scan(clean)


@pytest.mark.parametrize("setting", ["tcp://", "tcp://host:port", "scan 'unclosed"])
def test_a_setting_that_names_no_scanner_is_refused_at_the_start(setting: str) -> None:
    with pytest.raises(SettingsError, match="THIDUA_EVIDENCE_SCAN"):
        scanner(setting)


def test_no_setting_is_no_scanner() -> None:
    assert scanner("") is None
